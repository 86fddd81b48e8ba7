// SPDX-License-Identifier: GPL-2.0
// A file that is whole under its name, or not there at all.
//
// Until it gets its name it has none, where the host's file system can do that (O_TMPFILE),
// so nothing is left whatever ends the program; elsewhere it has a temporary one.
#pragma once

#include <memory>
#include <string>

#include "descriptor.hh"
#include "result.hh"

namespace lkl::apps {

class NewFile {
public:
	/// To become @path; of links, what they lead to. Refuses what exists, unless it is a
	/// regular file and to be replaced.
	/// @confined: keep() takes no more than renaming it in directory(), so that it works
	/// in a sandbox that allows this; the file then has a temporary name.
	static Result<std::unique_ptr<NewFile>> create(const std::string &path, bool replace,
						       bool confined);
	/// Without keep(), the file is gone.
	~NewFile();
	NewFile(const NewFile &) = delete;
	NewFile &operator=(const NewFile &) = delete;

	/// Open for reading and writing.
	int descriptor() const { return file_.get(); }
	int directory() const { return directory_.get(); }
	/// A path that opens it in this process.
	std::string own_path() const;
	/// Another file in the same directory, which goes with its descriptor.
	Result<Descriptor> companion() const;

	/// Everything is durable, and then the file has its name.
	Result<void> keep();

private:
	NewFile(Descriptor directory, std::string name, bool replace, bool confined)
	    : directory_(std::move(directory)), name_(std::move(name)), replace_(replace),
	      confined_(confined)
	{
	}

	Result<void> set_permissions();
	Result<void> link_to(const std::string &name);
	Result<void> rename();

	const Descriptor directory_;
	const std::string name_;	// there
	const bool replace_, confined_;
	Descriptor file_;
	std::string temporary_;		// there, as long as it has this name
};

} // namespace lkl::apps
