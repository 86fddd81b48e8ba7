// SPDX-License-Identifier: GPL-2.0
#include "luks.hh"

#include <algorithm>
#include <array>
#include <climits>
#include <cstring>

#include <fcntl.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fmt/format.h>

#include "luks_protocol.hh"
#include "wire.hh"

extern char **environ;

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

/// Beside this program, or where it is installed with it.
std::string helper_path()
{
	std::array<char, PATH_MAX> self;
	const ssize_t length = ::readlink("/proc/self/exe", self.data(), self.size());
	const std::string path(self.data(), length > 0 ? static_cast<std::size_t>(length) : 0);
	const std::string beside = path.substr(0, path.rfind('/') + 1) + program;

	return ::access(beside.c_str(), X_OK) == 0 ? beside : program;
}

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
		return failure(fmt::format("LUKS version {} is not known", header.version));
	}
	header.bytes = std::min(header.bytes, TRY(device.bytes()));
	if (header.bytes > longest_header)
		return failure("the LUKS header makes no sense");
	return header;
}

Result<LuksKeyHelper> LuksKeyHelper::start(std::vector<Secret> keys, bool ask)
{
	int requests[2], answers[2];
	const int header = ::memfd_create("luks-header", MFD_CLOEXEC);

	if (header < 0 || ::pipe2(requests, O_CLOEXEC) < 0)
		return host_failure(fmt::format("start {}", program));
	if (::pipe2(answers, O_CLOEXEC) < 0)
		return host_failure(fmt::format("start {}", program));

	// From here on this object closes our ends.
	LuksKeyHelper helper(requests[1], answers[0], header);
	posix_spawn_file_actions_t actions;
	const std::string path = helper_path();
	std::string argument = program;
	char *const arguments[] = {argument.data(), nullptr};
	pid_t child;

	::posix_spawn_file_actions_init(&actions);
	::posix_spawn_file_actions_adddup2(&actions, requests[0], STDIN_FILENO);
	::posix_spawn_file_actions_adddup2(&actions, answers[1], STDOUT_FILENO);
	::posix_spawn_file_actions_adddup2(&actions, header, luks_header_fd);
	const int result = ::posix_spawnp(&child, path.c_str(), &actions, nullptr, arguments, environ);
	::posix_spawn_file_actions_destroy(&actions);
	::close(requests[0]);
	::close(answers[1]);
	if (result != 0)
		return host_failure(fmt::format("start {}", program), result);

	const LuksKeys head = {static_cast<std::uint32_t>(keys.size()), ask};
	TRY(write_all(helper.requests_, &head, sizeof(head)));
	for (const Secret &key : keys) {
		const auto bytes = static_cast<std::uint32_t>(key.size());

		TRY(write_all(helper.requests_, &bytes, sizeof(bytes)));
		TRY(write_all(helper.requests_, key.data(), key.size()));
	}
	return helper;
}

LuksKeyHelper::LuksKeyHelper(LuksKeyHelper &&other) noexcept
    : requests_(std::exchange(other.requests_, -1)), answers_(std::exchange(other.answers_, -1)),
      header_(std::exchange(other.header_, -1))
{
}

/// The program ends when there can be no more requests.
LuksKeyHelper::~LuksKeyHelper()
{
	for (const int fd : {requests_, answers_, header_})
		if (fd >= 0)
			::close(fd);
}

Result<void> LuksKeyHelper::copy_header(const KernelDevice &device, const LuksHeader &header) const
{
	std::vector<std::byte> piece(std::size_t{1} << 20);

	if (::ftruncate(header_, 0) < 0 ||
	    ::ftruncate(header_, static_cast<off_t>(TRY(device.bytes()))) < 0)
		return host_failure("copy of the LUKS header");
	for (std::uint64_t at = 0; at < header.bytes; at += piece.size()) {
		const std::span<std::byte> part =
			std::span(piece).first(std::min<std::uint64_t>(piece.size(), header.bytes - at));

		TRY(device.read(part, at));
		if (::pwrite(header_, part.data(), part.size(), static_cast<off_t>(at)) !=
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
	TRY(write_all(requests_, &request, sizeof(request)));
	TRY(write_all(requests_, shown.data(), shown.size()));
	TRY(read_all(answers_, &answer, sizeof(answer)));
	if (answer.key_bytes > longest_answer || answer.text_bytes > longest_answer)
		return failure(fmt::format("{} gave an answer that makes no sense", program));

	Secret key(answer.key_bytes);
	std::string text(answer.text_bytes, '\0');
	TRY(read_all(answers_, key.data(), key.size()));
	TRY(read_all(answers_, text.data(), text.size()));
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
