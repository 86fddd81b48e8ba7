// SPDX-License-Identifier: GPL-2.0
// lklfuse: a disk image as a mount for all programs. This file is the table of contents.
//
//	options, mount_words	what is asked for
//	background		the process that stays, its lock and its number
//	session			the mount on the host, the threads that serve it, its end
//	served, operations_*	what the host's kernel asks, and the answers
//	raw_requests		as far as libfuse does not know the questions
//	node_table		which file is meant
//	directory_streams	directories that are being read
//	worker			as whom the library's kernel is asked
//
// There is no sandbox as in fs2tar: docs/fuse.md says why.
#include <syslog.h>
#include <unistd.h>

#include <csignal>
#include <memory>

#include "apps/common/image.hh"
#include "apps/common/interruption.hh"
#include "apps/common/reporter.hh"
#include "background.hh"
#include "options.hh"
#include "session.hh"

namespace lkl::apps {

namespace {

/// Messages go to the terminal as long as there is one, then to the system's log.
class Voice {
public:
	Voice(Reporter &reporter, const std::string &image) : reporter_(reporter), image_(image) {}

	void leave_terminal()
	{
		::openlog("lklfuse", LOG_PID, LOG_DAEMON);
		away_ = true;
	}
	Status fatal(const std::string &object, const std::string &text)
	{
		if (away_)
			::syslog(LOG_ERR, "%s: %s", printable(object).c_str(), text.c_str());
		else
			reporter_.fatal(object, text);
		return Status::fatal;
	}
	Status fatal(const std::string &text) { return fatal(image_, text); }
	void notice(const std::string &text)
	{
		if (away_)
			::syslog(LOG_NOTICE, "%s: %s", printable(image_).c_str(), text.c_str());
		else
			reporter_.notice(image_, text);
	}
	/// A line of the library's kernel; on a terminal only those see it who ask for it.
	void kernel_says(int level, const char *line)
	{
		constexpr int warning = 4;

		if (away_ && level <= warning)
			::syslog(level, "%s: kernel: %s", printable(image_).c_str(), line);
	}

private:
	Reporter &reporter_;
	const std::string image_;
	bool away_ = false;
};

/// The end of the kernel, in which nothing may go wrong either.
Status close(Image &image, bool died, Voice &voice)
{
	const std::optional<Error> trouble = image.trouble();
	const Result<void> closed = image.close();

	if (!closed)
		return voice.fatal(closed.error().text);
	if (trouble)
		return voice.fatal(trouble->text);
	return died ? Status::fatal : Status::good;
}

Status run(Options &options)
{
	Reporter reporter("lklfuse", options.tool.quiet, -1);
	Voice voice(reporter, options.image.source.path);

	// Refuse before there is work. Files are named from where we still are.
	const auto mount_point = find_mount_point(options.mount_point);
	if (!mount_point)
		return voice.fatal(options.mount_point, mount_point.error().text);
	auto background = Background::enter(options.foreground);
	if (!background)
		return voice.fatal("", background.error().text);
	Descriptor lock;
	if (!options.lock_file.empty()) {
		auto taken = take_lock(options.lock_file);
		if (!taken)
			return voice.fatal(options.lock_file, taken.error().text);
		lock = std::move(*taken);
	}

	// A kernel, then the disk and the mount in it.
	KernelLog log(options.tool.show_kernel_log);	// outlives the image
	auto image = Image::open(options.image);
	if (!image)
		return voice.fatal(image.error().text);
	if (const Result<void> booted = (*image)->boot(log); !booted)
		return voice.fatal(booted.error().text);
	if (const Result<void> mounted = (*image)->mount(); !mounted)
		return voice.fatal(mounted.error().text);
	if (options.read_only && log.recovered())
		voice.notice("was not unmounted; its journal is replayed in memory, the image stays "
			     "as it is");

	// The mount on the host.
	options.serving.exact_names = !log.folds_case();
	auto served = Served::open((*image)->kernel(), (*image)->mount_point().c_str(), options.serving);
	if (!served)
		return voice.fatal(served.error().text);
	(*served)->on_death = [&](const std::string &reason) { voice.fatal(reason); };
	auto session = Session::create(**served, options.fuse_words, options.debug);
	if (!session)
		return voice.fatal(session.error().text);
	if (const Result<void> mounted = (*session)->mount(*mount_point); !mounted)
		return voice.fatal(*mount_point, mounted.error().text);
	auto pid_file = PidFile::create(options.pid_file);
	if (!pid_file)
		return voice.fatal(options.pid_file, pid_file.error().text);

	// From here on it is for others to say whether it works.
	background->ready();
	if (background->is_away()) {
		voice.leave_terminal();
		log.listen([&](int level, const char *line) { voice.kernel_says(level, line); });
	}
	if (!(*session)->serve(options.threads))
		voice.notice("was in use when it was to end; programs with open files there are cut off");
	session->reset();

	const bool died = lkl_health((*image)->kernel()) < 0;
	served->reset();
	return close(**image, died, voice);
}

} // namespace

} // namespace lkl::apps

int main(int argc, char **argv)
{
	lkl::apps::hold_interruption();

	auto parsed = lkl::apps::parse_command_line(argc, argv);
	if (const int *status = std::get_if<int>(&parsed))
		return *status;
	return static_cast<int>(lkl::apps::run(std::get<lkl::apps::Options>(parsed)));
}
