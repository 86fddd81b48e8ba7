// SPDX-License-Identifier: GPL-2.0
// Wrong pointers give -EFAULT, never a crash and never wrong data.

#include "support_files.hh"
#include "support_memory.hh"

using namespace lkl::test;

namespace {

/// Addresses that are wrong in different ways: the fault handler sees a
/// mapping error, a protection error, and (non-canonical) no address at all.
std::vector<char *> wrong_addresses(const GuardedPages &pages)
{
	std::vector<char *> wrong = {nullptr, pages.end()};

	for (const std::uintptr_t address :
	     {std::uintptr_t(0x10), std::uintptr_t(0x800000000000), std::uintptr_t(0x8000000000000000),
	      std::uintptr_t(0xffff800000000000), UINTPTR_MAX, UINTPTR_MAX - page})
		wrong.push_back(reinterpret_cast<char *>(address));
	return wrong;
}

TEST(BootPointers, WrongPathsAndBuffersAreRefused)
{
	Instance kernel;
	const GuardedPages pages;
	const Fd file(kernel, workspace(kernel) + "/file", LKL_O_CREAT | LKL_O_RDWR);

	write_all(kernel, file, std::string(100, 'x'));
	for (char *const wrong : wrong_addresses(pages)) {
		SCOPED_TRACE(static_cast<void *>(wrong));
		void *const any = wrong;

		EXPECT_EQ(lkl_sys_openat(kernel, LKL_AT_FDCWD, wrong, LKL_O_RDONLY, 0), -LKL_EFAULT);
		EXPECT_EQ(lkl_sys_pread64(kernel, file, wrong, 100, 0), -LKL_EFAULT);
		EXPECT_EQ(lkl_sys_pwrite64(kernel, file, wrong, 100, 0), -LKL_EFAULT);
		EXPECT_EQ(lkl_sys_fstat(kernel, file, static_cast<lkl_stat *>(any)), -LKL_EFAULT);
		EXPECT_EQ(lkl_sys_uname(kernel, static_cast<lkl_utsname *>(any)), -LKL_EFAULT);
		EXPECT_EQ(lkl_sys_getcwd(kernel, wrong, 64), -LKL_EFAULT);
		EXPECT_EQ(lkl_sys_getrandom(kernel, wrong, 16, 0), -LKL_EFAULT);
		EXPECT_EQ(lkl_sys_pipe2(kernel, static_cast<int *>(any), 0), -LKL_EFAULT);
		if (wrong) {
			EXPECT_EQ(lkl_sys_nanosleep(kernel, static_cast<lkl_timespec *>(any), nullptr),
				  -LKL_EFAULT);
			EXPECT_EQ(lkl_sys_readv(kernel, file, static_cast<lkl_iovec *>(any), 1),
				  -LKL_EFAULT);
		}
	}
	// A refused pipe2 must not keep its two descriptors.
	EXPECT_EQ(int(Fd(kernel, "/", LKL_O_RDONLY)), int(file) + 1);
}

TEST(BootPointers, StringsMayEndAtTheLastByteOfMemory)
{
	Instance kernel;
	const GuardedPages pages;
	const std::string t = workspace(kernel);

	for (std::size_t length = 1; length <= 80; length++) {
		const std::string path = t + "/" + std::string(length, 'p');
		char *const at = pages.end() - path.size() - 1;

		std::memcpy(at, path.c_str(), path.size() + 1);
		ASSERT_TRUE(ok(lkl_sys_mkdirat(kernel, LKL_AT_FDCWD, at, 0755))) << length;
		EXPECT_TRUE(exists(kernel, path));
	}
}

TEST(BootPointers, UnterminatedStringsAreRefused)
{
	Instance kernel;
	const GuardedPages pages;

	std::memset(pages.begin(), '/', 2 * page);
	for (std::size_t length = 1; length <= 80; length++)
		EXPECT_EQ(lkl_sys_mkdirat(kernel, LKL_AT_FDCWD, pages.end() - length, 0755),
			  -LKL_EFAULT) << length;
}

TEST(BootPointers, HalfBadBuffersMoveOnlyWhatIsThere)
{
	Instance kernel;
	const GuardedPages pages;
	const Fd file(kernel, workspace(kernel) + "/file", LKL_O_CREAT | LKL_O_RDWR);
	const std::vector<unsigned char> data = Random(3).bytes(8 * page);

	must(lkl_sys_write(kernel, file, data.data(), data.size()), "write");
	for (const std::size_t good : {std::size_t(1), std::size_t(7), std::size_t(64), page - 1, page,
				       page + 1, 2 * page}) {
		SCOPED_TRACE(good);
		char *const at = pages.end() - good;

		std::memset(pages.begin(), 0, 2 * page);
		const std::int64_t got = lkl_sys_pread64(kernel, file, at, 4 * page, 0);

		EXPECT_TRUE(got == -LKL_EFAULT || (got > 0 && got <= std::int64_t(good))) << got;
		if (got > 0) {
			EXPECT_EQ(std::memcmp(at, data.data(), static_cast<std::size_t>(got)), 0);
		}
	}
	std::memset(pages.begin(), 'w', 2 * page);
	const std::int64_t put = lkl_sys_pwrite64(kernel, file, pages.end() - page, 3 * page, 0);

	EXPECT_TRUE(put == -LKL_EFAULT || (put > 0 && put <= std::int64_t(page))) << put;
	std::vector<unsigned char> back(data.size());

	ASSERT_EQ(lkl_sys_pread64(kernel, file, back.data(), back.size(), 0), std::int64_t(back.size()));
	for (std::size_t i = 0; i < back.size(); i++) {
		const bool written = put > 0 && i < static_cast<std::size_t>(put);

		// Whatever could not be copied leaves what was there before.
		ASSERT_EQ(back[i], written ? 'w' : data[i]) << i;
	}
}

TEST(BootPointers, ReadOnlyMemoryIsNotWritten)
{
	Instance kernel;
	GuardedPages pages;
	const Fd file(kernel, workspace(kernel) + "/file", LKL_O_CREAT | LKL_O_RDWR);

	write_all(kernel, file, std::string(2 * page, 'x'));
	std::memset(pages.begin(), 'k', 2 * page);
	pages.protect(PROT_READ);
	EXPECT_EQ(lkl_sys_pread64(kernel, file, pages.begin(), 2 * page, 0), -LKL_EFAULT);
	EXPECT_EQ(pages.begin()[0], 'k');
	EXPECT_EQ(pages.end()[-1], 'k');
	EXPECT_EQ(lkl_sys_pwrite64(kernel, file, pages.begin(), 2 * page, 0), std::int64_t(2 * page));
	EXPECT_EQ(lkl_sys_pread64(kernel, file, const_cast<char *>("literal"), 3, 0), -LKL_EFAULT);
}

TEST(BootPointers, VectorsWithWrongParts)
{
	Instance kernel;
	const GuardedPages pages;
	const Fd file(kernel, workspace(kernel) + "/file", LKL_O_CREAT | LKL_O_RDWR);
	char good[16] = "good";

	const lkl_iovec second_bad[] = {{good, 4}, {pages.end(), 4}};
	const std::int64_t put = lkl_sys_writev(kernel, file, second_bad, 2);

	EXPECT_TRUE(put == -LKL_EFAULT || put == 4) << put;
	const lkl_iovec too_long[] = {{good, UINT64_MAX}};

	EXPECT_EQ(lkl_sys_writev(kernel, file, too_long, 1), -LKL_EINVAL);
	EXPECT_EQ(lkl_sys_writev(kernel, file, second_bad, -1), -LKL_EINVAL);
	EXPECT_EQ(lkl_sys_writev(kernel, file, second_bad, LKL_IOV_MAX + 1), -LKL_EINVAL);
	// The array itself crosses into memory that is not there.
	lkl_iovec *const crossing = reinterpret_cast<lkl_iovec *>(pages.end()) - 1;

	*crossing = {good, 4};
	EXPECT_EQ(lkl_sys_writev(kernel, file, crossing, 1), 4);
	EXPECT_EQ(lkl_sys_writev(kernel, file, crossing, 2), -LKL_EFAULT);
}

TEST(BootPointers, SocketsEventsAndFutexes)
{
	Instance kernel;
	const GuardedPages pages;
	const Fd tcp(kernel, lkl_sys_socket(kernel, LKL_AF_INET, LKL_SOCK_STREAM, 0));
	const Fd epoll(kernel, lkl_sys_epoll_create1(kernel, 0));
	lkl_sockaddr_in address = {};
	void *const bad = pages.end();

	address.sin_family = LKL_AF_INET;
	EXPECT_EQ(lkl_sys_bind(kernel, tcp, bad, sizeof(address)), -LKL_EFAULT);
	EXPECT_EQ(lkl_sys_connect(kernel, tcp, nullptr, sizeof(address)), -LKL_EFAULT);
	EXPECT_EQ(lkl_sys_bind(kernel, tcp, &address, 0x7fffffff), -LKL_EINVAL);
	EXPECT_EQ(lkl_sys_getsockname(kernel, tcp, &address, static_cast<lkl_u32 *>(bad)), -LKL_EFAULT);
	EXPECT_EQ(lkl_sys_setsockopt(kernel, tcp, LKL_SOL_SOCKET, LKL_SO_REUSEADDR, bad, 4),
		  -LKL_EFAULT);
	EXPECT_EQ(lkl_sys_sendmsg(kernel, tcp, static_cast<lkl_msghdr *>(bad), 0), -LKL_EFAULT);
	EXPECT_EQ(lkl_sys_epoll_ctl(kernel, epoll, LKL_EPOLL_CTL_ADD, tcp,
				    static_cast<lkl_epoll_event *>(bad)), -LKL_EFAULT);
	EXPECT_EQ(lkl_sys_futex(kernel, static_cast<lkl_u32 *>(bad),
				LKL_FUTEX_WAIT | LKL_FUTEX_PRIVATE_FLAG, 0, nullptr, nullptr, 0),
		  -LKL_EFAULT);
	EXPECT_EQ(lkl_sys_futex(kernel, nullptr, LKL_FUTEX_WAIT | LKL_FUTEX_PRIVATE_FLAG, 0, nullptr,
				nullptr, 0), -LKL_EFAULT);
	EXPECT_EQ(lkl_sys_mount(kernel, "none", "/", "tmpfs", 0, bad), -LKL_EFAULT);
}

TEST(BootPointers, MountOptionsMayEndAtTheLastByteOfMemory)
{
	Instance kernel;
	const GuardedPages pages;
	const char options[] = "size=1m,mode=0700";
	char *const at = pages.end() - sizeof(options);

	// mount() copies a whole page of options: what follows is not there.
	make_directory(kernel, "/m");
	std::memcpy(at, options, sizeof(options));
	EXPECT_TRUE(ok(lkl_sys_mount(kernel, "none", "/m", "tmpfs", 0, at)));
	EXPECT_EQ(stat_of(kernel, "/m").st_mode & 0777, 0700u);
}

TEST(BootPointers, ManyThreadsMayFaultAtOnce)
{
	Instance kernel;
	const GuardedPages pages;
	const std::string t = workspace(kernel);

	in_threads(8, [&](unsigned i) {
		const Fd file(kernel, t + "/" + std::to_string(i), LKL_O_CREAT | LKL_O_RDWR);
		const std::string content(3000 + i, char('a' + i));
		char back[4096];

		for (unsigned round = 0; round < scaled(300); round++) {
			ASSERT_EQ(lkl_sys_pwrite64(kernel, file, content.data(), content.size(), 0),
				  std::int64_t(content.size()));
			ASSERT_EQ(lkl_sys_pread64(kernel, file, pages.end(), 100, 0), -LKL_EFAULT);
			ASSERT_EQ(lkl_sys_openat(kernel, LKL_AT_FDCWD, nullptr, 0, 0), -LKL_EFAULT);
			ASSERT_EQ(lkl_sys_pread64(kernel, file, back, sizeof(back), 0),
				  std::int64_t(content.size()));
			ASSERT_EQ(content.compare(0, content.size(), back, content.size()), 0);
		}
	});
}

} // namespace
