// SPDX-License-Identifier: GPL-2.0
// What went wrong first, of what several threads do.
#pragma once

#include <mutex>
#include <optional>

#include "result.hh"

namespace lkl::apps {

class FirstError {
public:
	void note(const Error &error)
	{
		const std::lock_guard guard(mutex_);

		if (!error_)
			error_ = error;
	}
	std::optional<Error> get() const
	{
		const std::lock_guard guard(mutex_);

		return error_;
	}

private:
	mutable std::mutex mutex_;
	std::optional<Error> error_;
};

} // namespace lkl::apps
