// SPDX-License-Identifier: GPL-2.0
// Going into the background, but not before all is well there; and the files that say which
// process it is and that there is only one.
#pragma once

#include <string>

#include "apps/common/descriptor.hh"
#include "apps/common/result.hh"

namespace lkl::apps {

class Background {
public:
	/// By the only thread. In the background from here on, unless @foreground; the
	/// process that was called waits, and exits with 0 at ready(), or as this one does.
	static Result<Background> enter(bool foreground);
	/// All is well: whoever waits goes on, and the terminal is left alone.
	void ready();

	/// Whether messages go to a log, as there is no terminal.
	bool is_away() const { return away_; }

private:
	explicit Background(Descriptor waiting) : waiting_(std::move(waiting)) {}

	Descriptor waiting_;	// a pipe; none in the foreground
	bool away_ = false;
};

/// The exclusive lock on @path, a file that is made if need be; held by the descriptor.
Result<Descriptor> take_lock(const std::string &path);

/// A file with the number of this process, gone at the end of this.
class PidFile {
public:
	static Result<PidFile> create(const std::string &path);
	PidFile() = default;
	PidFile(PidFile &&other) noexcept : path_(std::exchange(other.path_, {})) {}
	PidFile &operator=(PidFile &&other) noexcept
	{
		std::swap(path_, other.path_);
		return *this;
	}
	~PidFile();

private:
	std::string path_;
};

} // namespace lkl::apps
