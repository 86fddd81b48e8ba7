// SPDX-License-Identifier: GPL-2.0
// What the kernel of an image wrote to its log, as far as a tool cares: shown
// whole on demand, its last complaint added to error messages, its words about
// a replayed journal noticed. Thread-safe; must outlive the instance.
#pragma once

#include <cstdint>
#include <functional>
#include <mutex>
#include <string>

namespace lkl::apps {

class KernelLog {
public:
	/// With @show every line goes to stderr.
	explicit KernelLog(bool show) : show_(show) {}

	/// An lkl_log_fn; @user is the KernelLog.
	static void receive(void *user, int level, std::uint64_t time_us,
			    const char *line) noexcept;

	/// The newest warning, or worse, that no call of this function returned
	/// yet, in parentheses after a space; empty when there is none.
	std::string complaint();
	/// A line spoke of recovering or replaying a journal.
	bool recovered();
	/// A line spoke of names that are equal though they differ in case.
	bool folds_case();
	/// Every line from now on goes to @listener too, within the call of an lkl_log_fn.
	void listen(std::function<void(int level, const char *line)> listener);

private:
	void add(int level, std::uint64_t time_us, const char *line);

	const bool show_;
	std::mutex mutex_;
	std::string complaint_;
	bool recovered_ = false;
	bool folds_case_ = false;
	std::function<void(int, const char *)> listener_;
};

} // namespace lkl::apps
