// SPDX-License-Identifier: GPL-2.0
// What a tool gives up before it reads an image that a stranger may have made.
//
// The image's content is parsed by kernel code inside this process, and a mistake
// there could make the process do anything that it is able to. So it becomes able to
// do little, in the order in which that is possible:
//
//	open every file                 (all paths of the command line)
//	confine_files()                 while there is only one thread
//	start the kernel                its threads inherit the restriction
//	confine_calls()                 for all threads there are
//	hand the image to the kernel
//
// Either step fails where the system does not offer it, which an older or a contained
// one may not; the other is worth having alone. Neither can be undone.
#pragma once

#include <span>
#include <string_view>

#include "result.hh"

namespace lkl::apps {

/// From now on no file can be opened, made, renamed or removed by its name, but: in
/// @directories, which are open, and below them, files can be renamed and removed; and
/// what starting the kernel takes can be read, which confine_calls() ends. Open files
/// are not affected. For the calling thread and those that it starts.
Result<void> confine_files(std::span<const int> directories);

/// From now on only the system calls work that memory, threads, clocks, open files and
/// renaming and removing in @directories take, for all threads. A look for a file that
/// libraries make by themselves finds nothing; any other call ends the process with
/// status 2, after a message in the name of @tool and without temporary files. @tool
/// must stay valid. @served: also what using connected sockets takes, and waiting for
/// the process that serves the image.
Result<void> confine_calls(std::string_view tool, std::span<const int> directories,
			   bool served = false);

} // namespace lkl::apps
