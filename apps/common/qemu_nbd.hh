// SPDX-License-Identifier: GPL-2.0
// A qemu-nbd process that serves one disk to this process and nobody else.
//
// It gets a listening socket whose name is gone before it starts, with the connections
// already waiting in it. It ends when these are closed; and, whatever becomes of this
// process, with the thread that started it.
#pragma once

#include <sys/types.h>

#include <memory>
#include <string>
#include <vector>

#include "descriptor.hh"
#include "qemu_image.hh"
#include "result.hh"

namespace lkl::apps {

struct QemuNbdOptions {
	QemuImage image;
	std::string snapshot;		// empty: none
	bool writable = false;
	unsigned connections = 1;
	bool confined = true;		// behind ProgramWalls
};

class QemuNbd {
public:
	/// Whether it could open the image shows when a connection is used.
	static Result<std::unique_ptr<QemuNbd>> start(const QemuNbdOptions &options);
	/// Without end(), its status is not seen. Does not wait.
	~QemuNbd() = default;
	QemuNbd(const QemuNbd &) = delete;
	QemuNbd &operator=(const QemuNbd &) = delete;

	/// The connections. Once.
	std::vector<Descriptor> take_connections() { return std::move(connections_); }
	/// When all connections are closed: waits for it to end, and fails with what it
	/// complained of unless it ended well. Once.
	Result<void> end();

private:
	QemuNbd() = default;

	Result<Descriptor> connect(unsigned connections);
	Result<void> run(const QemuNbdOptions &options, Descriptor listener);
	std::string complaint() const;

	std::vector<Descriptor> connections_;
	pid_t process_ = -1;
	Descriptor process_file_;	// readable when it has ended
	Descriptor messages_;		// its standard error
};

} // namespace lkl::apps
