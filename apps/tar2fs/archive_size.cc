// SPDX-License-Identifier: GPL-2.0
#include "archive_size.hh"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <type_traits>
#include <unordered_set>

#include "apps/common/archive_formats.hh"
#include "apps/common/descriptor.hh"
#include "apps/common/sandbox.hh"

namespace lkl::apps {

namespace {

static_assert(std::is_trivially_copyable_v<ContentSize>);

/// Counts instead of making.
class Meter final : public EntrySink {
public:
	Result<void> add(const NewEntry &entry, DataSource *) override
	{
		ContentMeter::Item item;

		add_directories_above(entry.path);
		if (entry.meta.type == FileType::directory &&
		    !directories_.emplace(entry.path).second)
			return {};
		item.path = entry.path;
		item.meta = entry.meta;
		item.further_name = entry.hard_link;
		for (const Extent &extent : entry.extents)
			item.data_bytes += extent.bytes;
		item.extents = entry.extents.size();
		for (const Attribute &attribute : entry.attributes) {
			item.attributes++;
			item.attribute_bytes += attribute.name.size() + 1 + attribute.value.size();
		}
		meter_.add(item);
		return {};
	}

	Result<void> remove_others(std::string_view, const NameTest &) override { return {}; }

	const ContentSize &size() const { return meter_.size(); }

private:
	/// Those that the archive does not have.
	void add_directories_above(std::string_view path)
	{
		for (std::size_t slash = path.find('/'); slash != path.npos;
		     slash = path.find('/', slash + 1)) {
			ContentMeter::Item item;

			if (!directories_.emplace(path.substr(0, slash)).second)
				continue;
			item.path = path.substr(0, slash);
			item.meta.type = FileType::directory;
			meter_.add(item);
		}
	}

	ContentMeter meter_;
	std::unordered_set<std::string> directories_;
};

/// In the new process, whose messages nobody reads.
Result<ContentSize> measure(const std::string &path, const ExtractOptions &options,
			    bool ignore_zeros, bool sandbox)
{
	const auto stream = TRY(UnpackedStream::open(path));
	Result<UnpackedFile> room = UnpackedFile::create();

	// Where a system lacks a part of it, the unpacking goes without it too.
	prepare_archives();
	if (sandbox) {
		(void)confine_files({});
		(void)confine_calls("tar2fs", {});
	}

	const auto archive = TRY(open_archive(*stream, std::move(room), ignore_zeros));
	Reporter mute("tar2fs", true, -1);
	ArchiveExtractor extractor(*archive, path, mute, options);
	Meter meter;

	TRY(extractor.extract_all(IdNames(), meter));
	return meter.size();
}

[[noreturn]] void measure_for(int parent, const std::string &path, const ExtractOptions &options,
			      bool ignore_zeros, bool sandbox)
{
	sigset_t none;

	::sigemptyset(&none);
	::sigprocmask(SIG_SETMASK, &none, nullptr);
	if (const int nowhere = ::open("/dev/null", O_WRONLY | O_CLOEXEC); nowhere >= 0)
		::dup2(nowhere, STDERR_FILENO);

	const Result<ContentSize> size = measure(path, options, ignore_zeros, sandbox);
	const std::string text = size ? std::string(reinterpret_cast<const char *>(&*size), sizeof(*size))
				      : size.error().text;
	const bool told = ::write(parent, text.data(), text.size()) == static_cast<ssize_t>(text.size());

	::_exit(told && size ? 0 : 1);
}

/// All that comes; what a pipe takes at once is enough for it.
std::string read_all(int pipe)
{
	std::string text;
	char piece[4096];

	for (;;) {
		const ssize_t got = ::read(pipe, piece, sizeof(piece));

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return text;
		text.append(piece, static_cast<std::size_t>(got));
	}
}

} // namespace

Result<ContentSize> measure_archive(const std::string &path, const ExtractOptions &options,
				    bool ignore_zeros, bool sandbox)
{
	int ends[2];

	if (::pipe2(ends, O_CLOEXEC) < 0)
		return host_failure("pipe");

	const Descriptor reader(ends[0]);
	Descriptor writer(ends[1]);
	const pid_t child = ::fork();

	if (child < 0)
		return host_failure("fork");
	if (child == 0)
		measure_for(writer.get(), path, options, ignore_zeros, sandbox);
	writer = Descriptor();

	const std::string told = read_all(reader.get());
	int status = 0;
	while (::waitpid(child, &status, 0) < 0)
		if (errno != EINTR)
			return host_failure("wait");
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0 && told.size() == sizeof(ContentSize)) {
		ContentSize size;

		told.copy(reinterpret_cast<char *>(&size), sizeof(size));
		return size;
	}
	if (WIFSIGNALED(status))
		return failure("the process that measured it was ended by signal " +
			       std::to_string(WTERMSIG(status)));
	return failure(told.empty() ? "cannot be measured; give the image's --size" : told);
}

} // namespace lkl::apps
