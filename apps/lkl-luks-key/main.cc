// SPDX-License-Identifier: GPL-2.0
// lkl-luks-key: opens LUKS key slots for a tool, by libcryptsetup. See
// apps/common/luks_protocol.hh for what is asked and answered; a person has no use for it.
//
// It sees the header of the encrypted device and nothing else of the image.
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include <fcntl.h>
#include <libcryptsetup.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <termios.h>
#include <unistd.h>

#include <fmt/format.h>

#include "apps/common/luks_protocol.hh"
#include "apps/common/secret.hh"

namespace lkl::apps {

namespace {

constexpr unsigned attempts = 3;
constexpr std::size_t longest_passphrase = 512;		// as cryptsetup's prompt
constexpr std::uint32_t longest_secret = 8 << 20;
constexpr std::uint32_t longest_name = 4096;

/// The tool's end is ours; so is what it says that makes no sense.
void read_all(void *bytes, std::size_t count)
{
	for (char *at = static_cast<char *>(bytes); count;) {
		const ssize_t got = ::read(STDIN_FILENO, at, count);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			std::exit(0);
		at += got;
		count -= static_cast<std::size_t>(got);
	}
}

void write_all(const void *bytes, std::size_t count)
{
	for (const char *at = static_cast<const char *>(bytes); count;) {
		const ssize_t written = ::write(STDOUT_FILENO, at, count);

		if (written < 0 && errno == EINTR)
			continue;
		if (written <= 0)
			std::exit(0);
		at += written;
		count -= static_cast<std::size_t>(written);
	}
}

void answer(LuksAnswer head, std::string_view key, std::string_view text)
{
	head.key_bytes = static_cast<std::uint32_t>(key.size());
	head.text_bytes = static_cast<std::uint32_t>(text.size());
	write_all(&head, sizeof(head));
	write_all(key.data(), key.size());
	write_all(text.data(), text.size());
}

void refuse(int code, const std::string &why)
{
	LuksAnswer head = {};

	head.status = static_cast<std::uint32_t>(code ? code : EINVAL);
	answer(head, "", why);
}

using Device = std::unique_ptr<crypt_device, decltype(&::crypt_free)>;

/// libcryptsetup's last words on the attempt.
std::string last_words;

void remember(int level, const char *message, void *)
{
	if (level != CRYPT_LOG_ERROR)
		return;
	last_words = message;
	while (last_words.ends_with('\n'))
		last_words.pop_back();
}

int terminal = -1;
termios terminal_before;

/// At a signal that ends the program while the terminal shows nothing.
void show_again(int signal)
{
	::tcsetattr(terminal, TCSANOW, &terminal_before);
	::raise(signal);
}

/// What is typed is not shown until show_again() or tcsetattr(); false where it cannot be.
bool hide()
{
	if (::tcgetattr(terminal, &terminal_before) < 0)
		return false;

	struct sigaction action = {};
	termios silent = terminal_before;

	action.sa_handler = show_again;
	action.sa_flags = static_cast<int>(SA_RESETHAND | SA_NODEFER);
	for (const int signal : {SIGHUP, SIGINT, SIGQUIT, SIGTERM})
		::sigaction(signal, &action, nullptr);
	silent.c_lflag &= ~static_cast<tcflag_t>(ECHO);
	return ::tcsetattr(terminal, TCSAFLUSH, &silent) == 0;
}

/// A line from the terminal, unseen; empty when there is none.
Secret ask(const std::string &name)
{
	terminal = ::open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
	if (terminal < 0)
		return {};

	const bool hidden = hide();
	const std::string prompt = fmt::format("Passphrase for {}: ", name);
	Secret line(longest_passphrase);
	ssize_t length = ::write(terminal, prompt.data(), prompt.size());
	length = ::read(terminal, line.data(), line.size());
	if (hidden) {
		::tcsetattr(terminal, TCSAFLUSH, &terminal_before);
		length = ::write(terminal, "\n", 1) == 1 ? length : 0;
	}
	::close(terminal);
	while (length > 0 && line.view()[static_cast<std::size_t>(length) - 1] == '\n')
		length--;
	if (length <= 0)
		return {};

	Secret passphrase(static_cast<std::size_t>(length));
	std::memcpy(passphrase.data(), line.data(), passphrase.size());
	return passphrase;
}

class Opener {
public:
	explicit Opener(std::vector<Secret> keys, bool ask) : keys_(std::move(keys)), ask_(ask) {}

	void open(const std::string &name)
	{
		crypt_device *raw = nullptr;
		const std::string header = fmt::format("/proc/self/fd/{}", luks_header_fd);
		int result = ::crypt_init(&raw, header.c_str());
		const Device device(raw, ::crypt_free);

		last_words.clear();
		if (result == 0)
			result = ::crypt_load(raw, CRYPT_LUKS, nullptr);
		if (result < 0)
			return refuse(-result, fmt::format("the LUKS header cannot be read: {}",
							   last_words.empty() ? std::strerror(-result)
									      : last_words));
		if (const std::string why = unsupported(raw); !why.empty())
			return refuse(ENOTSUP, why);

		const int bytes = ::crypt_get_volume_key_size(raw);
		Secret key(bytes > 0 ? static_cast<std::size_t>(bytes) : 0);
		result = unlock(raw, name, key);
		if (result < 0)
			return refuse(-result, why_not(raw, result));

		LuksAnswer head = {};
		head.sector_bytes = static_cast<std::uint32_t>(::crypt_get_sector_size(raw));
		head.data_offset = ::crypt_get_data_offset(raw);
		head.iv_offset = ::crypt_get_iv_offset(raw);
		answer(head, key.view(),
		       fmt::format("{}-{}", ::crypt_get_cipher(raw), ::crypt_get_cipher_mode(raw)));
	}

private:
	static std::string unsupported(crypt_device *device)
	{
		crypt_params_integrity integrity = {};

		if (::crypt_get_integrity_info(device, &integrity) == 0 && integrity.tag_size)
			return "LUKS2 with integrity protection is not supported";
		if (const auto state = ::crypt_reencrypt_status(device, nullptr);
		    state == CRYPT_REENCRYPT_CLEAN || state == CRYPT_REENCRYPT_CRASH)
			return "its reencryption is not finished; let cryptsetup do that first";
		return "";
	}

	/// A key slot's number, or a negative errno: -EPERM when no key fits.
	int unlock(crypt_device *device, const std::string &name, Secret &key)
	{
		int result = -ENOENT;

		for (const Secret &passphrase : keys_)
			if ((result = try_one(device, passphrase, key)) != -EPERM)
				return result;
		for (unsigned i = 0; ask_ && i < attempts; i++) {
			Secret passphrase = ask(name);

			if (passphrase.size() == 0)
				return result;
			if ((result = try_one(device, passphrase, key)) == -EPERM)
				continue;
			// Another volume may have the same.
			if (result >= 0)
				keys_.push_back(std::move(passphrase));
			return result;
		}
		return result;
	}

	static int try_one(crypt_device *device, const Secret &passphrase, Secret &key)
	{
		std::size_t bytes = key.size();

		return ::crypt_volume_key_get(device, CRYPT_ANY_SLOT, key.data(), &bytes,
					      passphrase.data(), passphrase.size());
	}

	static unsigned used_slots(crypt_device *device)
	{
		const int most = ::crypt_keyslot_max(::crypt_get_type(device));
		unsigned used = 0;

		for (int slot = 0; slot < most; slot++) {
			const crypt_keyslot_info info = ::crypt_keyslot_status(device, slot);

			used += info == CRYPT_SLOT_ACTIVE || info == CRYPT_SLOT_ACTIVE_LAST;
		}
		return used;
	}

	std::string why_not(crypt_device *device, int result) const
	{
		const unsigned slots = used_slots(device);
		const std::string advice =
			"give its passphrase with --key, or a file that has it with --key-file";

		if (slots == 0)
			return "it has no key slot in use, so nothing opens it";
		if (result == -EPERM)
			return fmt::format("no key {} opens it (key slots: {}); {}",
					   keys_.empty() ? "typed" : "given", slots, advice);
		if (result == -ENOENT && keys_.empty())
			return fmt::format("it is encrypted (key slots: {}); {}", slots, advice);
		return fmt::format("opening its key slots: {}",
				   last_words.empty() ? std::strerror(-result) : last_words);
	}

	std::vector<Secret> keys_;
	const bool ask_;
};

std::vector<Secret> read_keys(std::uint32_t count)
{
	std::vector<Secret> keys;

	for (std::uint32_t i = 0; i < count; i++) {
		std::uint32_t bytes = 0;

		read_all(&bytes, sizeof(bytes));
		if (bytes > longest_secret)
			std::exit(2);
		keys.emplace_back(bytes);
		read_all(keys.back().data(), bytes);
	}
	return keys;
}

/// Neither a core file nor a debugger of the user's other programs gets at the keys.
void keep_secrets()
{
	const rlimit none = {0, 0};

	::setrlimit(RLIMIT_CORE, &none);
	::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

void run()
{
	LuksKeys head = {};

	keep_secrets();
	::crypt_set_log_callback(nullptr, remember, nullptr);
	// The header is a file of ours alone.
	::crypt_metadata_locking(nullptr, 0);
	read_all(&head, sizeof(head));
	Opener opener(read_keys(head.count), head.ask);
	for (;;) {
		LuksRequest request = {};

		read_all(&request, sizeof(request));
		if (request.name_bytes > longest_name)
			std::exit(2);
		std::string name(request.name_bytes, '\0');
		read_all(name.data(), name.size());
		opener.open(name);
	}
}

} // namespace

} // namespace lkl::apps

int main()
{
	if (::isatty(STDIN_FILENO) || ::fcntl(lkl::apps::luks_header_fd, F_GETFD) < 0) {
		std::fputs("lkl-luks-key: is started by other programs, to open encrypted images\n", stderr);
		return 2;
	}
	lkl::apps::run();
}
