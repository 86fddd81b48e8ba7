// SPDX-License-Identifier: GPL-2.0
// The hosts that the contract tests run against, and what they share.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include <gtest/gtest.h>

#include "host/host.hh"
#include "tests/sanitized.hh"
#include "tests/unit/fake_host.hh"

namespace lkl::test {

constexpr std::uint64_t ms = 1'000'000;
constexpr std::uint64_t mib = 1 << 20;

/// A host implementation: its ops and how to make an instance for them.
struct HostKind {
	const char *name;
	const lkl_host_ops &(*ops)();
	Result<std::unique_ptr<host::Instance>> (*create)(std::uint64_t ram_bytes,
							  std::uint64_t vmalloc_bytes,
							  host::Events events);
	/// What the thread that drives a test must own while it does.
	std::shared_ptr<void> (*drive)(host::Instance &instance);
};

inline const HostKind posix_host = {
	"posix", host::ops, host::Instance::create,
	[](host::Instance &) { return std::shared_ptr<void>(); }};

inline const HostKind fake_host = {
	"fake", fake_ops,
	[](std::uint64_t ram_bytes, std::uint64_t vmalloc_bytes,
	   host::Events events) -> Result<std::unique_ptr<host::Instance>> {
		return FakeInstance::create(ram_bytes, vmalloc_bytes, std::move(events), {});
	},
	[](host::Instance &instance) -> std::shared_ptr<void> {
		return std::make_shared<FakeInstance::Hold>(
			static_cast<FakeInstance &>(instance));
	}};

/// A small instance of the host under test, driven by the test's thread.
class HostTest : public ::testing::TestWithParam<HostKind> {
protected:
	void SetUp() override
	{
		Result<std::unique_ptr<host::Instance>> created =
			GetParam().create(16 * mib, 64 * mib, events());
		ASSERT_TRUE(created) << created.error().context;
		instance_ = std::move(*created);
		drive_ = GetParam().drive(*instance_);
	}

	virtual host::Events events() { return {}; }

	const lkl_host_ops &ops() const { return GetParam().ops(); }
	void *host() const { return instance_.get(); }
	std::uint64_t now() const { return ops().now_ns(host()); }

	/// Let @ns of the host's time pass.
	void sleep(std::uint64_t ns)
	{
		void *event = nullptr;
		ASSERT_EQ(ops().event_create(host(), &event), 0);
		std::uint64_t deadline = now() + ns;
		while (ops().event_wait(host(), event, deadline) != -LKL_ETIMEDOUT) {
		}
		ops().event_destroy(host(), event);
	}

	std::unique_ptr<host::Instance> instance_;
	std::shared_ptr<void> drive_;
};

/// An event for the length of a scope.
class ScopedEvent {
public:
	ScopedEvent(const lkl_host_ops &ops, void *host) : ops_(ops), host_(host)
	{
		EXPECT_EQ(ops_.event_create(host_, &event_), 0);
	}
	ScopedEvent(const ScopedEvent &) = delete;
	ScopedEvent &operator=(const ScopedEvent &) = delete;
	~ScopedEvent() { ops_.event_destroy(host_, event_); }

	void signal() { ops_.event_signal(host_, event_); }
	int wait(std::uint64_t deadline_ns = LKL_FOREVER)
	{
		return ops_.event_wait(host_, event_, deadline_ns);
	}

private:
	const lkl_host_ops &ops_;
	void *host_;
	void *event_ = nullptr;
};

/// A host thread, joined by join() or the destructor.
class ScopedThread {
public:
	ScopedThread(const lkl_host_ops &ops, void *host, std::function<void()> body)
		: ops_(ops), host_(host), body_(std::move(body))
	{
		EXPECT_EQ(ops_.thread_create(host_, run, this, &thread_), 0);
	}
	ScopedThread(const ScopedThread &) = delete;
	ScopedThread &operator=(const ScopedThread &) = delete;
	~ScopedThread() { join(); }

	void join()
	{
		if (thread_)
			ops_.thread_join(host_, thread_);
		thread_ = nullptr;
	}

private:
	static void run(void *self) { static_cast<ScopedThread *>(self)->body_(); }

	const lkl_host_ops &ops_;
	void *host_;
	std::function<void()> body_;
	void *thread_ = nullptr;
};

/// INSTANTIATE_TEST_SUITE_P's arguments for a contract test suite.
inline auto all_hosts()
{
	return ::testing::Values(posix_host, fake_host);
}

inline std::string host_name(const ::testing::TestParamInfo<HostKind> &info)
{
	return info.param.name;
}

} // namespace lkl::test
