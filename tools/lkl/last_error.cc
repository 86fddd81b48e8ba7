// SPDX-License-Identifier: GPL-2.0
#include "last_error.hh"

#include <exception>

#include "kernel.hh"
#include "lkl.h"
#include "try.hh"

namespace lkl {

thread_local constinit FailedCall failed_call = {};

namespace {

thread_local constinit bool text_gone = false;

// A thread that is ending may still make calls after this was destroyed.
struct Text {
	~Text() { text_gone = true; }

	std::string sentence;
	std::uint64_t kernel = 0;
};

Text &text()
{
	static thread_local Text text;

	return text;
}

std::string compose(const lkl_kernel *kernel, std::uint64_t log_mark, const std::string &context,
		    int code)
{
	std::string sentence = context + ": " + lkl_strerror(code);

	if (!kernel)
		return sentence;
	if (kernel->died())
		return sentence + ": the kernel died: " + kernel->death();

	std::string complaint = kernel->log().complaint(log_mark);

	return complaint.empty() ? sentence : sentence + ": " + complaint;
}

} // namespace

int set_last_error(const lkl_kernel *kernel, std::uint64_t log_mark, const Error &error) noexcept
try {
	failed_call.kernel = 0;
	if (!text_gone) {
		text().sentence = compose(kernel, log_mark, error.context, error.code);
		text().kernel = kernel ? kernel->number() : 0;
	}
	return -error.code;
} catch (const std::exception &) {
	return -error.code;
}

const char *last_error(const lkl_kernel *kernel) noexcept
try {
	if (text_gone)
		return "";
	if (kernel && failed_call.kernel == kernel->number()) {
		const FailedCall call = failed_call;

		set_last_error(kernel, call.log_mark,
			       Error{static_cast<int>(-call.result),
				     fmt::format("system call {}", call.nr)});
	}
	if (kernel && text().kernel && text().kernel != kernel->number())
		return "no error";
	return text().sentence.empty() ? "no error" : text().sentence.c_str();
} catch (const std::exception &) {
	return lkl_strerror(LKL_ENOMEM);
}

} // namespace lkl
