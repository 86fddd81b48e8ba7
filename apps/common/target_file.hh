// SPDX-License-Identifier: GPL-2.0
// The file that a tool makes: whole under its name, or not there at all.
#pragma once

#include <memory>
#include <span>
#include <string>

#include "block_stream.hh"

namespace lkl::apps {

/// Errors begin with the file's name. A regular file is written under a temporary
/// name in the same directory and gets its own with commit(); anything else that
/// exists under the name (a fifo, /dev/null) is written directly, as is standard
/// output. After create(), no path is looked up but names in directory().
class TargetFile final : public Sink {
public:
	/// @path empty or "-": standard output, unless it is a terminal. Refuses to
	/// write into @source, the file that is read meanwhile.
	static Result<std::unique_ptr<TargetFile>> create(const std::string &path,
							  const std::string &source);
	/// Without commit(), the temporary file is removed.
	~TargetFile() override;
	TargetFile(const TargetFile &) = delete;
	TargetFile &operator=(const TargetFile &) = delete;

	/// Where commit() renames the file and the destructor removes it; -1 when
	/// they do neither.
	int directory() const { return directory_; }
	/// Writing can take long, other than to a character device.
	bool slow() const { return slow_; }

	Result<void> write(std::span<const std::byte> bytes) override;
	/// Everything is durable, but a temporary file still has its temporary name.
	Result<void> finish() override;
	/// After finish(): give the file its name.
	Result<void> commit();

private:
	TargetFile(int fd, std::string name) : fd_(fd), name_(std::move(name)) {}

	static Result<std::unique_ptr<TargetFile>> temporary(const std::string &name,
							     const std::string &path);
	std::unexpected<Error> failed(const char *what) const;

	int fd_;		// -1 after finish()
	std::string name_;	// as the user knows it
	int directory_ = -1;
	std::string final_;	// there, what commit() replaces; empty: nothing to commit
	std::string temporary_;	// there, as long as it has this name
	bool slow_ = true;
};

} // namespace lkl::apps
