// SPDX-License-Identifier: GPL-2.0
// The ring of log lines, and the texts of errors.
#include "log.hh"

#include <algorithm>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "lkl.h"

namespace lkl::test {
namespace {

TEST(LogRing, TailIsInOrderAndFiltered)
{
	LogRing log;

	log.append(6, "one");
	log.append(3, "two");
	log.append(4, "three");
	EXPECT_EQ(log.tail(7, 1000), "one\ntwo\nthree");
	EXPECT_EQ(log.tail(4, 1000), "two\nthree");
	EXPECT_EQ(log.tail(2, 1000), "");
}

TEST(LogRing, TailHasWholeLinesOnly)
{
	LogRing log;

	log.append(6, "first");
	log.append(6, "second");
	EXPECT_EQ(log.tail(7, 12), "first\nsecond");
	EXPECT_EQ(log.tail(7, 11), "second");
	EXPECT_EQ(log.tail(7, 5), "");
	EXPECT_EQ(log.tail(7, 0), "");
}

TEST(LogRing, OldLinesGoFirst)
{
	LogRing log;

	for (unsigned i = 0; i < 5000; i++)
		log.append(6, std::to_string(i));

	std::string tail = log.tail(7, 1 << 20);

	EXPECT_TRUE(tail.ends_with("4998\n4999"));
	EXPECT_EQ(std::count(tail.begin(), tail.end(), '\n') + 1, LogRing::max_lines);
	EXPECT_EQ(log.next(), 5000u);
}

TEST(LogRing, LongLinesAreBoundedAndSurviveTheWrap)
{
	LogRing log;

	for (unsigned i = 0; i < 500; i++) {
		std::string line(700 + i, static_cast<char>('a' + i % 26));

		log.append(6, line);
		ASSERT_EQ(log.tail(7, LogRing::max_line_bytes),
			  line.substr(0, LogRing::max_line_bytes));
	}
	EXPECT_LE(log.tail(7, 1 << 20).size(), LogRing::max_bytes + LogRing::max_lines);
}

TEST(LogRing, AHaltIsNoComplaint)
{
	LogRing log;

	log.append(3, "I/O error, dev vda, sector 0");
	log.append(0, "reboot: Power off not available: System halted instead");
	EXPECT_EQ(log.complaint(0), "I/O error, dev vda, sector 0");
}

TEST(LogRing, ComplaintIsTheNewestWarningSince)
{
	LogRing log;

	log.append(3, "old trouble");

	std::uint64_t mark = log.next();

	EXPECT_EQ(log.complaint(mark), "");
	log.append(6, "EXT4-fs (vda): mounted filesystem");
	EXPECT_EQ(log.complaint(mark), "");
	log.append(4, "EXT4-fs (vda): warning: checktime reached");
	log.append(6, "harmless");
	EXPECT_EQ(log.complaint(mark), "EXT4-fs (vda): warning: checktime reached");
	log.append(6, "squashfs: Unknown parameter 'x'");
	EXPECT_EQ(log.complaint(mark), "squashfs: Unknown parameter 'x'");
	EXPECT_EQ(log.complaint(log.next()), "");
}

TEST(LogRing, MarksOlderThanTheRingAreFine)
{
	LogRing log;

	log.append(3, "forgotten");
	for (unsigned i = 0; i < 3 * LogRing::max_lines; i++)
		log.append(6, "noise");
	EXPECT_EQ(log.complaint(0), "");
}

TEST(LogRing, WritersAndReadersAtOnce)
{
	LogRing log;
	std::vector<std::jthread> threads;

	for (unsigned t = 0; t < 4; t++)
		threads.emplace_back([&, t] {
			for (unsigned i = 0; i < 3000; i++) {
				if (t < 2)
					log.append(t + 3, "line " + std::to_string(i));
				else
					EXPECT_LE(log.tail(7, 4096).size(), 4096u);
				(void)log.complaint(log.next() - std::min<std::uint64_t>(log.next(), 5));
			}
		});
	threads.clear();
	EXPECT_EQ(log.next(), 6000u);
}

TEST(Strerror, KnowsAllOfLinux)
{
	EXPECT_STREQ(lkl_strerror(LKL_ENOSPC), "No space left on device");
	EXPECT_STREQ(lkl_strerror(-LKL_EUCLEAN), "Structure needs cleaning");
	EXPECT_STREQ(lkl_strerror(LKL_EHWPOISON), "Memory page has hardware error");
	EXPECT_STREQ(lkl_strerror(0), "Success");
	for (int code = 1; code <= 133; code++) {
		bool unknown = std::string(lkl_strerror(code)).starts_with("Unknown");

		EXPECT_EQ(unknown, code == 41 || code == 58) << code;
	}
	EXPECT_STREQ(lkl_strerror(134), "Unknown error 134");
	EXPECT_STREQ(lkl_strerror(-2147483647 - 1), "Unknown error 2147483648");
}

} // namespace
} // namespace lkl::test
