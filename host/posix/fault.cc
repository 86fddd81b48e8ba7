// SPDX-License-Identifier: GPL-2.0
// The process's fault handler.
//
// The signals of a fault are handled here from the first FaultWatch on, for the
// rest of the process's life: an uninstalled handler could not be told from one
// that somebody saved in order to chain to it. What is no image's concern goes to
// the handler found at installation, as the kernel would have called it, but for
// the alternate stack it may not have asked for.
//
// The registry is a list of slots that are reused and never freed, so the handler
// walks it without a lock in any context. Each slot is guarded by a sequence
// number, odd while it changes. The handler skips a slot that changes under it:
// the image that its own thread executes in is not being removed.
#include "host/posix/fault.hh"
#include "host/posix/posix.hh"
#include "host/posix/registers.hh"
#include "host/posix/system.hh"

#include <atomic>
#include <cerrno>
#include <mutex>
#include <new>
#include <optional>

#include <pthread.h>
#include <signal.h>

namespace lkl::host::posix {

/// Atomic members, because the handler reads while registration writes.
struct AtomicExtent {
	std::atomic<std::uint64_t> start;
	std::atomic<std::uint64_t> bytes;

	void store(const Extent &extent)
	{
		start.store(extent.start, std::memory_order_release);
		bytes.store(extent.bytes, std::memory_order_release);
	}

	Extent load() const
	{
		return {start.load(std::memory_order_acquire),
			bytes.load(std::memory_order_acquire)};
	}
};

struct FaultSlot {
	std::atomic<unsigned> sequence;
	std::atomic<const lkl_image *> image;
	AtomicExtent code, ram, vmalloc;
	FaultSlot *next = nullptr;	// fixed once the slot is in the list

	/// Under the registry's lock. Each release store below keeps the odd
	/// sequence number before it; the acquire loads of read() pair with them.
	void write(const WatchedImage &watched)
	{
		unsigned now = sequence.load(std::memory_order_relaxed);
		sequence.store(now + 1, std::memory_order_relaxed);
		image.store(watched.image, std::memory_order_release);
		code.store(watched.code);
		ram.store(watched.ram);
		vmalloc.store(watched.vmalloc);
		sequence.store(now + 2, std::memory_order_release);
	}

	/// From the handler. Nothing when the slot is free or changing.
	std::optional<WatchedImage> read() const
	{
		unsigned before = sequence.load(std::memory_order_acquire);
		WatchedImage watched{image.load(std::memory_order_acquire), code.load(),
				     ram.load(), vmalloc.load()};
		if (before % 2 || sequence.load(std::memory_order_relaxed) != before ||
		    !watched.image)
			return std::nullopt;
		return watched;
	}
};

namespace {

std::mutex registry_lock;		// for writers
std::atomic<FaultSlot *> registry;	// the first slot

/// What handled a signal before us.
struct Previous {
	struct sigaction action;
	std::atomic<bool> used_up;	// SA_RESETHAND, and it ran
};
std::array<Previous, fault_signals.size()> previous;

Previous &previous_of(int signal)
{
	std::size_t index = 0;
	while (fault_signals[index] != signal)
		index++;
	return previous[index];
}

lkl_u32 kind_of(int signal)
{
	switch (signal) {
	case SIGSEGV:
	case SIGBUS:
		return LKL_FAULT_ACCESS;
	case SIGILL:
	case SIGTRAP:
		return LKL_FAULT_ILLEGAL;
	case SIGFPE:
		return LKL_FAULT_ARITHMETIC;
	default:
		return LKL_FAULT_OTHER;
	}
}

/// Ask the images concerned; true when one of them says where to continue.
bool handled_by_image(int signal, const siginfo_t &info, ucontext_t &context)
{
	lkl_fault fault{};
	fault.size = sizeof(fault);
	fault.kind = kind_of(signal);
	fault.ip = instruction_pointer(context);
	fault.sp = stack_pointer(context);
	fault.fp = frame_pointer(context);
	if (fault.kind == LKL_FAULT_ACCESS)
		fault.address = reinterpret_cast<std::uintptr_t>(info.si_addr);

	for (const FaultSlot *slot = registry.load(std::memory_order_acquire); slot;
	     slot = slot->next) {
		std::optional<WatchedImage> watched = slot->read();
		if (!watched || !watched->concerned_by(fault))
			continue;
		switch (watched->image->fault(&fault)) {
		case LKL_FAULT_RESUME:
			resume_at(context, fault.new_ip);
			return true;
		case LKL_FAULT_CALL:
			call_at(context, fault.new_ip, fault.new_sp, fault.new_arg);
			return true;
		}
	}
	return false;
}

/// Let the default action happen when the handler returns. A fault then repeats
/// itself; what does not, a trap or a signal somebody sent, is raised again and
/// pending until then.
void die_of(int signal, bool sent)
{
	struct sigaction fallback {};
	fallback.sa_handler = SIG_DFL;
	sigaction(signal, &fallback, nullptr);
	if (sent || signal == SIGTRAP)
		raise(signal);
}

/// Do what would have happened without us.
void pass_on(int signal, siginfo_t *info, void *context)
{
	Previous &before = previous_of(signal);
	const struct sigaction &action = before.action;
	bool sent = sent_by_software(*info);

	if (action.sa_handler == SIG_IGN && sent)
		return;
	if (action.sa_handler == SIG_IGN || action.sa_handler == SIG_DFL ||
	    ((action.sa_flags & SA_RESETHAND) && before.used_up.exchange(true))) {
		die_of(signal, sent);
		return;
	}

	// Our own return restores the mask of the interrupted code.
	pthread_sigmask(SIG_BLOCK, &action.sa_mask, nullptr);
	if (action.sa_flags & SA_NODEFER) {
		sigset_t self;
		sigemptyset(&self);
		sigaddset(&self, signal);
		if (!sigismember(&action.sa_mask, signal))
			pthread_sigmask(SIG_UNBLOCK, &self, nullptr);
	}
	if (action.sa_flags & SA_SIGINFO)
		action.sa_sigaction(signal, info, context);
	else
		action.sa_handler(signal);
}

void on_fault(int signal, siginfo_t *info, void *data)
{
	int saved = errno;
	ucontext_t &context = *static_cast<ucontext_t *>(data);
	if (sent_by_software(*info) || !handled_by_image(signal, *info, context)) {
		errno = saved;
		pass_on(signal, info, data);
	}
	errno = saved;
}

int install()
{
	struct sigaction ours {};
	ours.sa_sigaction = on_fault;
	ours.sa_flags = SA_SIGINFO | SA_ONSTACK;
	sigemptyset(&ours.sa_mask);
	// The old action is on record before ours can need it.
	for (int signal : fault_signals) {
		if (sigaction(signal, nullptr, &previous_of(signal).action) < 0 ||
		    sigaction(signal, &ours, nullptr) < 0)
			return errno;
	}
	return 0;
}

} // namespace

Result<FaultWatch> FaultWatch::create(const WatchedImage &image)
{
	std::lock_guard guard(registry_lock);
	static const int error = install();
	if (error)
		return std::unexpected(Error{linux_errno(error), "fault handler: sigaction"});

	FaultSlot *first = registry.load(std::memory_order_relaxed);
	FaultSlot *slot = first;
	while (slot && slot->image.load(std::memory_order_relaxed))
		slot = slot->next;
	if (!slot) {
		slot = new (std::nothrow) FaultSlot;
		if (!slot)
			return std::unexpected(Error{LKL_ENOMEM, "fault handler"});
		slot->next = first;
		registry.store(slot, std::memory_order_release);
	}
	slot->write(image);

	FaultWatch watch;
	watch.slot_ = slot;
	return watch;
}

FaultWatch::~FaultWatch()
{
	if (!slot_)
		return;
	std::lock_guard guard(registry_lock);
	slot_->write(WatchedImage{});
}

} // namespace lkl::host::posix
