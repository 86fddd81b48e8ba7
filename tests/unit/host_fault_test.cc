// SPDX-License-Identifier: GPL-2.0
// Faults of kernel code: who is asked, where it continues, and that everybody
// else's faults end as they would without the library. The images are a few
// bytes of machine code. For every host.
#include <array>
#include <atomic>
#include <cstring>
#include <vector>

#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tests/unit/host_fixture.hh"

#if defined(__x86_64__)

namespace lkl::test {
namespace {

/// Offsets of the routines in the image, and their code.
enum Routine : std::uint64_t {
	load = 0x00,		// int load(const int *address)
	divide = 0x10,		// divides by zero
	illegal = 0x20,
	trap = 0x30,
	wild_call = 0x40,	// wild_call(stack): calls 0 on that stack
	recover = 0x80,		// returns its argument to the routine's caller
	recover_wild = 0x90,	// the same for wild_call
};
struct Code {
	Routine at;
	std::vector<unsigned char> bytes;
};
const std::array<Code, 7> routines = {{
	{load, {0x8b, 0x07, 0xc3}},		// mov (%rdi),%eax; ret
	{divide, {0x31, 0xc9, 0xf7, 0xf1, 0xc3}},	// xor %ecx,%ecx; div %ecx; ret
	{illegal, {0x0f, 0x0b, 0xc3}},		// ud2; ret
	{trap, {0xcc, 0xc3}},			// int3; ret
	// push %rbx; mov %rsp,%rbx; mov %rdi,%rsp; xor %eax,%eax; call *%rax
	{wild_call, {0x53, 0x48, 0x89, 0xe3, 0x48, 0x89, 0xfc, 0x31, 0xc0, 0xff, 0xd0}},
	{recover, {0x48, 0x89, 0xf8, 0xc3}},	// mov %rdi,%rax; ret
	// mov %rbx,%rsp; pop %rbx; mov %rdi,%rax; ret
	{recover_wild, {0x48, 0x89, 0xdc, 0x5b, 0x48, 0x89, 0xf8, 0xc3}},
}};

/// An instance whose image says how often it was asked and where to continue.
/// Its fault function has no argument but the fault, so each has one of its own.
template <int id> struct Image {
	static inline thread_local lkl_fault last;
	static inline std::atomic<int> asked;
	static inline lkl_s32 answer;
	static inline std::uint64_t base;

	static lkl_s32 fault(lkl_fault *fault)
	{
		asked++;
		last = *fault;
		bool wild = fault->ip == 0;
		fault->new_ip = base + (wild ? recover_wild : recover);
		fault->new_sp = fault->sp;
		fault->new_arg = 1000 + id;
		return answer;
	}

	static void create(host::Instance &instance)
	{
		constexpr std::uint64_t at = 2 * mib;
		std::byte *code = instance.ram().data() + at;
		for (const Code &routine : routines)
			std::memcpy(code + routine.at, routine.bytes.data(),
				    routine.bytes.size());
		Result<void> done = instance.protect(at, 4096, LKL_PROT_READ | LKL_PROT_EXEC);
		ASSERT_TRUE(done) << done.error().context;
		table = lkl_image{};
		table.size = sizeof(table);
		table.fault = fault;
		base = reinterpret_cast<std::uintptr_t>(code);
		asked = 0;
		answer = LKL_FAULT_CALL;
		host::enter_thread();
		ASSERT_TRUE(instance.watch_faults(&table, at, 4096));
	}

	static std::uint64_t call(Routine routine, const void *argument = nullptr)
	{
		std::uint64_t (*function)(const void *);
		std::uintptr_t address = base + routine;
		std::memcpy(&function, &address, sizeof(function));
		return function(argument);
	}

	static inline lkl_image table;
};
using First = Image<1>;
using Second = Image<2>;

void default_action(int signal)
{
	struct sigaction action {};
	action.sa_handler = SIG_DFL;
	sigaction(signal, &action, nullptr);
}

/// In assembly, which sanitizers do not look at.
void touch(std::uintptr_t address)
{
	asm volatile("movb (%0), %%al" ::"r"(address) : "rax", "memory");
}

class HostFaults : public HostTest {
protected:
	void SetUp() override
	{
		// Each death test runs in a process that has no handler yet.
		GTEST_FLAG_SET(death_test_style, "threadsafe");
		HostTest::SetUp();
	}
	void *bad_pointer() const { return reinterpret_cast<void *>(instance_->vmalloc_base()); }
};
INSTANTIATE_TEST_SUITE_P(Host, HostFaults, all_hosts(), host_name);
using HostFaultsDeathTest = HostFaults;
INSTANTIATE_TEST_SUITE_P(Host, HostFaultsDeathTest, all_hosts(), host_name);

TEST_P(HostFaults, ResumeChangesNoOtherRegister)
{
	First::create(*instance_);
	First::answer = LKL_FAULT_RESUME;
	// recover returns its argument register, which still holds the pointer.
	EXPECT_EQ(First::call(load, bad_pointer()), instance_->vmalloc_base());
	EXPECT_EQ(First::asked, 1);
}

TEST_P(HostFaults, AccessContinuesWhereTheImageSays)
{
	First::create(*instance_);
	int good = 42;
	EXPECT_EQ(First::call(load, &good), 42u);
	EXPECT_EQ(First::asked, 0);

	EXPECT_EQ(First::call(load, bad_pointer()), 1001u);
	EXPECT_EQ(First::asked, 1);
	EXPECT_EQ(First::last.size, sizeof(lkl_fault));
	EXPECT_EQ(First::last.kind, LKL_FAULT_ACCESS);
	EXPECT_EQ(First::last.ip, First::base + load);
	EXPECT_EQ(First::last.address, instance_->vmalloc_base());
	std::uint64_t here = reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0));
	EXPECT_LT(here - First::last.sp, 1u << 20) << "the stack pointer at the fault";

	EXPECT_EQ(First::call(load, nullptr), 1001u);
	EXPECT_EQ(First::last.address, 0u);
}

TEST_P(HostFaults, OtherKindsAreTold)
{
	First::create(*instance_);
	EXPECT_EQ(First::call(illegal), 1001u);
	EXPECT_EQ(First::last.kind, LKL_FAULT_ILLEGAL);
	EXPECT_EQ(First::call(trap), 1001u);
	EXPECT_EQ(First::last.kind, LKL_FAULT_ILLEGAL);
	EXPECT_EQ(First::call(divide), 1001u);
	EXPECT_EQ(First::last.kind, LKL_FAULT_ARITHMETIC);
	EXPECT_EQ(First::last.ip, First::base + divide + 2);
}

TEST_P(HostFaults, FaultsCanFollowEachOther)
{
	First::create(*instance_);
	for (int i = 0; i < 1'000; i++)
		ASSERT_EQ(First::call(load, bad_pointer()), 1001u);
	EXPECT_EQ(First::asked, 1'000);
}

TEST_P(HostFaults, WildCallOnAKernelStackIsTheImages)
{
	First::create(*instance_);
	EXPECT_EQ(First::call(wild_call, instance_->ram().data() + 5 * mib), 1001u);
	EXPECT_EQ(First::last.ip, 0u);

	ASSERT_EQ(ops().map(host(), instance_->vmalloc_base() + mib, 0, mib,
			    LKL_PROT_READ | LKL_PROT_WRITE),
		  0);
	void *mapped_stack = reinterpret_cast<void *>(instance_->vmalloc_base() + 2 * mib);
	EXPECT_EQ(First::call(wild_call, mapped_stack), 1001u);
	EXPECT_EQ(First::asked, 2);
}

TEST_P(HostFaults, HostThreadsFaultToo)
{
	First::create(*instance_);
	std::uint64_t result = 0;
	ScopedThread(ops(), host(), [&] { result = First::call(load, bad_pointer()); });
	EXPECT_EQ(result, 1001u);
}

TEST_P(HostFaults, ThreadThatBlocksAllSignalsFaultsToo)
{
	First::create(*instance_);
	std::uint64_t result = 0;
	auto body = [&] {
		sigset_t all;
		sigfillset(&all);
		pthread_sigmask(SIG_BLOCK, &all, nullptr);
		host::enter_thread();
		result = First::call(load, bad_pointer());
	};
	std::thread(body).join();
	EXPECT_EQ(result, 1001u);
}

TEST_P(HostFaults, EachInstanceIsAskedAboutItsOwn)
{
	Result<std::unique_ptr<host::Instance>> other = GetParam().create(16 * mib, mib, {});
	ASSERT_TRUE(other);
	First::create(*instance_);
	Second::create(**other);
	EXPECT_EQ(First::call(load, nullptr), 1001u);
	EXPECT_EQ(Second::call(load, nullptr), 1002u);
	EXPECT_EQ(First::asked, 1);
	EXPECT_EQ(Second::asked, 1);
	other->reset();
	EXPECT_EQ(First::call(load, nullptr), 1001u);
}

TEST_P(HostFaults, FaultsInParallelWithInstancesComingAndGoing)
{
	First::create(*instance_);
	std::atomic<bool> stop = false;
	std::atomic<std::uint64_t> wrong = 0;
	auto faulting = [&] {
		host::enter_thread();
		while (!stop)
			wrong += First::call(load, nullptr) != 1001;
	};
	std::vector<std::thread> threads;
	for (int i = 0; i < 3; i++)
		threads.emplace_back(faulting);
	for (int i = 0; i < 300; i++) {
		Result<std::unique_ptr<host::Instance>> other =
			GetParam().create(16 * mib, mib, {});
		ASSERT_TRUE(other);
		Second::create(**other);
		EXPECT_EQ(Second::call(load, nullptr), 1002u);
	}
	stop = true;
	for (std::thread &thread : threads)
		thread.join();
	EXPECT_EQ(wrong, 0u);
}

TEST_P(HostFaults, RangeBeyondRamIsEINVAL)
{
	std::uint64_t end = instance_->ram().size();
	EXPECT_EQ(instance_->watch_faults(&First::table, end - 4096, 8192).error().code,
		  LKL_EINVAL);
	EXPECT_EQ(instance_->watch_faults(&First::table, ~0ULL, 2).error().code, LKL_EINVAL);
}

TEST_P(HostFaultsDeathTest, WithoutAHandlerAFaultKills)
{
	auto fault = [&](int signal, auto make) {
		default_action(signal);
		First::create(*instance_);
		make();
	};
	EXPECT_EXIT(fault(SIGSEGV, [] { touch(8); }), testing::KilledBySignal(SIGSEGV), "");
	EXPECT_EXIT(fault(SIGILL, [] { __builtin_trap(); }), testing::KilledBySignal(SIGILL), "");
	EXPECT_EXIT(fault(SIGTRAP, [] { asm volatile("int3"); }),
		    testing::KilledBySignal(SIGTRAP), "");
	EXPECT_EXIT(fault(SIGSEGV, [] { raise(SIGSEGV); }), testing::KilledBySignal(SIGSEGV), "");
}

TEST_P(HostFaultsDeathTest, FaultTheImageDeclinesKills)
{
	auto decline = [&] {
		default_action(SIGSEGV);
		First::create(*instance_);
		First::answer = -LKL_EFAULT;
		First::call(load, nullptr);
	};
	EXPECT_EXIT(decline(), testing::KilledBySignal(SIGSEGV), "");
}

TEST_P(HostFaultsDeathTest, FaultAfterTheInstanceKills)
{
	auto late = [&] {
		default_action(SIGSEGV);
		First::create(*instance_);
		drive_.reset();
		instance_.reset();
		First::call(load, nullptr);
	};
	EXPECT_EXIT(late(), testing::KilledBySignal(SIGSEGV), "");
}

/// What the application's handler saw, said by the exit status.
int handler_calls;
std::uintptr_t expected_address;

void exit_with_verdict(int signal, siginfo_t *info, void *context)
{
	bool right = signal == SIGSEGV && context &&
		     reinterpret_cast<std::uintptr_t>(info->si_addr) == expected_address &&
		     First::asked == 0;
	_exit(right ? 17 : 18);
}

void count_call(int)
{
	handler_calls++;
}

TEST_P(HostFaultsDeathTest, PreviousHandlerGetsOthersFaults)
{
	auto fault = [&] {
		struct sigaction action {};
		action.sa_sigaction = exit_with_verdict;
		action.sa_flags = SA_SIGINFO;
		sigaction(SIGSEGV, &action, nullptr);
		First::create(*instance_);
		expected_address = 0x18;
		touch(expected_address);
	};
	EXPECT_EXIT(fault(), testing::ExitedWithCode(17), "");
}

TEST_P(HostFaultsDeathTest, PreviousHandlerGetsSentSignals)
{
	auto send = [&] {
		struct sigaction action {};
		action.sa_handler = count_call;
		sigaction(SIGSEGV, &action, nullptr);
		First::create(*instance_);
		raise(SIGSEGV);
		raise(SIGSEGV);
		_exit(handler_calls == 2 && First::asked == 0 ? 17 : 18);
	};
	EXPECT_EXIT(send(), testing::ExitedWithCode(17), "");
}

TEST_P(HostFaultsDeathTest, PreviousOneShotHandlerRunsOnce)
{
	auto send = [&] {
		struct sigaction action {};
		action.sa_handler = count_call;
		action.sa_flags = static_cast<int>(SA_RESETHAND);
		sigaction(SIGFPE, &action, nullptr);
		First::create(*instance_);
		raise(SIGFPE);
		if (handler_calls == 1)
			raise(SIGFPE);
		_exit(18);
	};
	EXPECT_EXIT(send(), testing::KilledBySignal(SIGFPE), "");
}

TEST_P(HostFaultsDeathTest, IgnoredSignalStaysIgnoredButAFaultKills)
{
	auto send = [&](bool fault) {
		signal(SIGSEGV, SIG_IGN);
		First::create(*instance_);
		raise(SIGSEGV);
		if (fault)
			touch(8);
		_exit(17);
	};
	EXPECT_EXIT(send(false), testing::ExitedWithCode(17), "");
	EXPECT_EXIT(send(true), testing::KilledBySignal(SIGSEGV), "");
}

TEST_P(HostFaultsDeathTest, PreviousHandlerRunsUnderItsMask)
{
	if (sanitized)
		GTEST_SKIP() << "sanitizers call handlers under masks of their own";
	auto send = [&](int flags, bool self_blocked) {
		static bool as_asked, want_self;
		want_self = self_blocked;
		struct sigaction action {};
		action.sa_handler = [](int) {
			sigset_t now;
			pthread_sigmask(SIG_BLOCK, nullptr, &now);
			as_asked = sigismember(&now, SIGUSR1) && !sigismember(&now, SIGUSR2) &&
				   sigismember(&now, SIGBUS) == want_self;
		};
		sigaddset(&action.sa_mask, SIGUSR1);
		action.sa_flags = flags;
		sigaction(SIGBUS, &action, nullptr);
		First::create(*instance_);
		raise(SIGBUS);
		sigset_t after;
		pthread_sigmask(SIG_BLOCK, nullptr, &after);
		_exit(as_asked && !sigismember(&after, SIGUSR1) ? 17 : 18);
	};
	EXPECT_EXIT(send(0, true), testing::ExitedWithCode(17), "");
	EXPECT_EXIT(send(SA_NODEFER, false), testing::ExitedWithCode(17), "");
}

} // namespace
} // namespace lkl::test

#else

TEST(HostFaults, AreTested)
{
	GTEST_SKIP() << "no machine code for this CPU in the test";
}

#endif
