// SPDX-License-Identifier: GPL-2.0
#include "luks.hh"

#include <algorithm>
#include <array>
#include <climits>
#include <cstring>

#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <unistd.h>

#include <fmt/format.h>

#include "luks_protocol.hh"
#include "wire.hh"

namespace lkl::apps {

namespace {

constexpr const char *program = "lkl-luks-key";
constexpr std::uint64_t sector = 512;
constexpr std::size_t head_bytes = 512;
/// As cryptsetup: 8 MiB of a key file at most, and the largest header of LUKS2.
constexpr std::size_t longest_key = 8 << 20;
constexpr std::uint64_t longest_header = std::uint64_t{128} << 20;
constexpr std::uint32_t longest_answer = 4096;

std::uint64_t big_endian(std::string_view bytes, std::size_t at, std::size_t width)
{
	std::uint64_t number = 0;

	for (std::size_t i = 0; i < width; i++)
		number = number << 8 | static_cast<unsigned char>(bytes[at + i]);
	return number;
}

Result<void> write_all(int fd, const void *bytes, std::size_t count)
{
	const char *at = static_cast<const char *>(bytes);

	while (count) {
		const ssize_t written = ::write(fd, at, count);

		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0)
			return host_failure(fmt::format("ask {}", program));
		at += written;
		count -= static_cast<std::size_t>(written);
	}
	return {};
}

Result<void> read_all(int fd, void *bytes, std::size_t count)
{
	char *at = static_cast<char *>(bytes);

	while (count) {
		const ssize_t got = ::read(fd, at, count);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return host_failure(fmt::format("answer of {}", program));
		if (got == 0)
			return failure(fmt::format("{} ended without an answer", program));
		at += got;
		count -= static_cast<std::size_t>(got);
	}
	return {};
}

/// Beside this program, where it is installed with it, or a name to look for.
std::string helper_path()
{
	std::array<char, PATH_MAX> self;
	const ssize_t length = ::readlink("/proc/self/exe", self.data(), self.size());
	const std::string path(self.data(), length > 0 ? static_cast<std::size_t>(length) : 0);
	const std::string folder = path.substr(0, path.rfind('/') + 1);

	for (const char *place : {"", "../libexec/lkl/"})
		if (const std::string found = folder + place + program;
		    ::access(found.c_str(), X_OK) == 0)
			return found;
	return program;
}

bool make_pipe(Descriptor &out, Descriptor &in)
{
	int ends[2];

	if (::pipe2(ends, O_CLOEXEC) < 0)
		return false;
	out = Descriptor(ends[0]);
	in = Descriptor(ends[1]);
	return true;
}

/// What the child does, with nothing but system calls: wait for the first request, and
/// become the program.
struct Launch {
	std::string path;
	std::string missing;	// the answer when there is no program
	int requests, answers, header;

	[[noreturn]] void run() const
	{
		constexpr int out_of_the_way = 16;
		const int files[] = {::fcntl(requests, F_DUPFD, out_of_the_way),
				     ::fcntl(answers, F_DUPFD, out_of_the_way),
				     ::fcntl(header, F_DUPFD, out_of_the_way)};
		char *const arguments[] = {const_cast<char *>(program), nullptr};
		pollfd asked = {STDIN_FILENO, POLLIN, 0};

		::dup2(files[0], STDIN_FILENO);
		::dup2(files[1], STDOUT_FILENO);
		::dup2(files[2], luks_header_fd);
		// Others wait for the ends of what we would hold open.
		::close_range(luks_header_fd + 1, ~0u, 0);
		while (::poll(&asked, 1, -1) < 0 && errno == EINTR)
			;
		if (!(asked.revents & POLLIN))
			::_exit(0);
		::execvp(path.c_str(), arguments);

		LuksAnswer answer = {};
		answer.status = static_cast<std::uint32_t>(errno);
		answer.text_bytes = static_cast<std::uint32_t>(missing.size());
		if (::write(STDOUT_FILENO, &answer, sizeof(answer)) < 0 ||
		    ::write(STDOUT_FILENO, missing.data(), missing.size()) < 0)
			::_exit(1);
		::_exit(0);
	}
};

} // namespace

Result<std::optional<LuksHeader>> read_luks_header(const KernelDevice &device)
{
	const std::string head = TRY(device.read_text(0, head_bytes));

	if (!head.starts_with(std::string_view("LUKS\xba\xbe", 6)))
		return std::nullopt;

	LuksHeader header;
	header.version = static_cast<unsigned>(big_endian(head, 6, 2));
	header.uuid = head.substr(168, 40).c_str();
	if (header.version == 1) {
		header.bytes = big_endian(head, 104, 4) * sector;
	} else if (header.version == 2) {
		header.label = head.substr(24, 48).c_str();
		// Both copies of the metadata are followed by the key slots, before the
		// data; how long those are is in the metadata, which is the program's.
		header.bytes = 2 * big_endian(head, 8, 8) + (std::uint64_t{16} << 20);
	} else {
		header.trouble = fmt::format("LUKS version {} is not known", header.version);
	}
	header.bytes = std::min(header.bytes, TRY(device.bytes()));
	if (header.bytes > longest_header)
		header.trouble = "the LUKS header makes no sense";
	return header;
}

Result<LuksKeyHelper> LuksKeyHelper::start(std::vector<Secret> keys, bool ask)
{
	LuksKeyHelper helper;
	Descriptor requests, answers;

	helper.header_ = Descriptor(::memfd_create("luks-header", MFD_CLOEXEC));
	if (!helper.header_ || !make_pipe(requests, helper.requests_) ||
	    !make_pipe(helper.answers_, answers))
		return host_failure(fmt::format("start {}", program));

	const Launch launch = {helper_path(),
			       fmt::format("needs the program {}, which cannot be started", program),
			       requests.get(), answers.get(), helper.header_.get()};
	const pid_t child = ::fork();
	if (child < 0)
		return host_failure(fmt::format("start {}", program));
	if (child == 0)
		launch.run();

	helper.ask_ = ask;
	if (!keys.empty())
		TRY(helper.greet(keys));
	return helper;
}

Result<void> LuksKeyHelper::greet(std::span<const Secret> keys)
{
	const LuksKeys head = {static_cast<std::uint32_t>(keys.size()), ask_};

	TRY(write_all(requests_.get(), &head, sizeof(head)));
	for (const Secret &key : keys) {
		const auto bytes = static_cast<std::uint32_t>(key.size());

		TRY(write_all(requests_.get(), &bytes, sizeof(bytes)));
		TRY(write_all(requests_.get(), key.data(), key.size()));
	}
	greeted_ = true;
	return {};
}

Result<void> LuksKeyHelper::copy_header(const KernelDevice &device, const LuksHeader &header) const
{
	std::vector<std::byte> piece(std::size_t{1} << 20);

	if (::ftruncate(header_.get(), 0) < 0 ||
	    ::ftruncate(header_.get(), static_cast<off_t>(TRY(device.bytes()))) < 0)
		return host_failure("copy of the LUKS header");
	for (std::uint64_t at = 0; at < header.bytes; at += piece.size()) {
		const std::span<std::byte> part =
			std::span(piece).first(std::min<std::uint64_t>(piece.size(), header.bytes - at));

		TRY(device.read(part, at));
		if (::pwrite(header_.get(), part.data(), part.size(), static_cast<off_t>(at)) !=
		    static_cast<ssize_t>(part.size()))
			return host_failure("copy of the LUKS header");
	}
	return {};
}

Result<std::string> LuksKeyHelper::open(DeviceMapper &mapper, const KernelDevice &device,
					const LuksHeader &header, const std::string &name)
{
	const std::uint64_t device_sectors = TRY(device.bytes()) / sector;
	const std::string shown = fmt::format("{} (LUKS, UUID {})", device.path(), header.uuid);
	const LuksRequest request = {static_cast<std::uint32_t>(shown.size())};
	LuksAnswer answer;

	TRY(copy_header(device, header));
	if (!greeted_)
		TRY(greet({}));
	TRY(write_all(requests_.get(), &request, sizeof(request)));
	TRY(write_all(requests_.get(), shown.data(), shown.size()));
	TRY(read_all(answers_.get(), &answer, sizeof(answer)));
	if (answer.key_bytes > longest_answer || answer.text_bytes > longest_answer)
		return failure(fmt::format("{} gave an answer that makes no sense", program));

	Secret key(answer.key_bytes);
	std::string text(answer.text_bytes, '\0');
	TRY(read_all(answers_.get(), key.data(), key.size()));
	TRY(read_all(answers_.get(), text.data(), text.size()));
	if (answer.status != 0)
		return failure(text, static_cast<int>(answer.status));
	if (answer.data_offset >= device_sectors)
		return failure(fmt::format("{}: the encrypted data lie behind the device's end", shown));

	// Put together in memory that is wiped: the table has the key in it.
	MapperTarget target = {0, answer.sectors ? answer.sectors : device_sectors - answer.data_offset,
			       "crypt", ""};
	target.parameters.reserve(text.size() + 2 * key.size() + device.path().size() + 128);
	target.parameters += text + " ";
	for (const char byte : key.view())
		for (const int shift : {4, 0})
			target.parameters += "0123456789abcdef"[byte >> shift & 15];
	target.parameters += fmt::format(" {} {} {}", answer.iv_offset, device.path(), answer.data_offset);
	if (answer.sector_bytes != sector)
		target.parameters += fmt::format(" 1 sector_size:{}", answer.sector_bytes);

	auto path = mapper.create(name, {&target, 1}, false);
	Secret::wipe(target.parameters.data(), target.parameters.size());
	return path;
}

Result<Secret> read_key_file(const std::string &path)
{
	const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);

	if (file < 0)
		return host_failure("open");

	Secret content(longest_key);
	std::size_t bytes = 0;
	ssize_t got;
	while ((got = ::read(file, content.data() + bytes, longest_key - bytes)) > 0)
		bytes += static_cast<std::size_t>(got);
	const int error = errno;
	::close(file);
	if (got < 0)
		return host_failure("read", error);
	if (bytes == longest_key)
		return failure("a key file has less than 8 MiB");

	Secret key(bytes);
	std::memcpy(key.data(), content.data(), bytes);
	return key;
}

} // namespace lkl::apps
