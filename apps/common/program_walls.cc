// SPDX-License-Identifier: GPL-2.0
// ProgramWalls for Linux: seccomp, by libseccomp, and Landlock.
#include "program_walls.hh"

#include <array>
#include <cerrno>
#include <memory>

#include <linux/seccomp.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "disk_format.hh"

namespace lkl::apps {

namespace {

/// None of which decoding takes. Other programs are not among them: how it becomes
/// the program is a call of that kind, and they would be behind the same walls.
constexpr std::array denied_calls = {
	// Sockets. It has the one to listen on.
	SCMP_SYS(bind), SCMP_SYS(connect), SCMP_SYS(socket),
	// Other processes.
	SCMP_SYS(pidfd_getfd), SCMP_SYS(pidfd_open), SCMP_SYS(pidfd_send_signal),
	SCMP_SYS(process_madvise), SCMP_SYS(process_vm_readv), SCMP_SYS(process_vm_writev),
	SCMP_SYS(ptrace), SCMP_SYS(kcmp),
	// The system, and large pieces of its kernel.
	SCMP_SYS(add_key), SCMP_SYS(bpf), SCMP_SYS(chroot), SCMP_SYS(delete_module),
	SCMP_SYS(finit_module), SCMP_SYS(init_module), SCMP_SYS(io_uring_enter),
	SCMP_SYS(io_uring_register), SCMP_SYS(io_uring_setup), SCMP_SYS(kexec_load),
	SCMP_SYS(keyctl), SCMP_SYS(mknod), SCMP_SYS(mknodat), SCMP_SYS(mount),
	SCMP_SYS(open_by_handle_at), SCMP_SYS(perf_event_open), SCMP_SYS(pivot_root),
	SCMP_SYS(reboot), SCMP_SYS(request_key), SCMP_SYS(setns), SCMP_SYS(swapon),
	SCMP_SYS(umount2), SCMP_SYS(unshare), SCMP_SYS(userfaultfd),
};

/// Empty when there is none to be had.
std::vector<sock_filter> call_filter()
{
	const std::unique_ptr<void, decltype(&::seccomp_release)> context(
		::seccomp_init(SCMP_ACT_ALLOW), ::seccomp_release);
	const Descriptor file(::memfd_create("filter", MFD_CLOEXEC));

	if (!context || !file)
		return {};
	for (const int call : denied_calls)
		if (::seccomp_rule_add_array(context.get(), SCMP_ACT_ERRNO(EPERM), call, 0, nullptr) < 0)
			return {};
	if (::seccomp_export_bpf(context.get(), file.get()) < 0)
		return {};

	const off_t bytes = ::lseek(file.get(), 0, SEEK_END);
	std::vector<sock_filter> filter(static_cast<std::size_t>(bytes) / sizeof(sock_filter));

	if (!read_exactly(file.get(), std::as_writable_bytes(std::span(filter)), 0))
		return {};
	return filter;
}

} // namespace

ProgramWalls ProgramWalls::create(std::span<const std::string> written)
{
	ProgramWalls walls;
	// qemu finds out what kinds of locks there are with the help of this one.
	std::vector<std::string> files = {"/dev/null"};

	files.insert(files.end(), written.begin(), written.end());
	walls.wanted_ = true;
	walls.calls_ = call_filter();
	if (auto rules = file_rules(files))
		walls.files_ = std::move(*rules);
	return walls;
}

void ProgramWalls::raise() const
{
	if (!wanted_)
		return;
	::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	if (files_)
		::syscall(SYS_landlock_restrict_self, files_.get(), 0);

	const sock_fprog program = {static_cast<unsigned short>(calls_.size()),
				    const_cast<sock_filter *>(calls_.data())};

	if (!calls_.empty())
		::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0);
}

} // namespace lkl::apps
