// SPDX-License-Identifier: GPL-2.0
// The file that a tool makes: whole under its name, or not there at all.
#pragma once

#include <memory>
#include <span>
#include <string>

#include "block_stream.hh"

namespace lkl::apps {

/// Errors begin with the file's name. A regular file is written under a temporary name in the same directory and
/// gets its own with commit(); anything else that exists under the name (a fifo,
/// /dev/null) is written directly, as is standard output.
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
	std::string path_;	// what commit() replaces; empty: nothing to commit
	std::string temporary_;
	bool slow_ = true;
};

} // namespace lkl::apps
