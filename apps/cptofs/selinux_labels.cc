// SPDX-License-Identifier: GPL-2.0
#include "selinux_labels.hh"

#include <selinux/label.h>
#include <selinux/selinux.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstdarg>
#include <cstdio>

namespace lkl::apps {

namespace {

constexpr const char *label_attribute = "security.selinux";

/// What libselinux last said, which it would print itself.
std::string &complaint()
{
	static std::string text;

	return text;
}

[[gnu::format(printf, 2, 3)]] int take_complaint(int, const char *format, ...)
{
	char text[512];
	va_list values;

	va_start(values, format);
	(void)std::vsnprintf(text, sizeof(text), format, values);
	va_end(values);
	complaint() = text;
	while (complaint().ends_with('\n'))
		complaint().pop_back();
	return 0;
}

/// After the failed attempt at @what.
std::unexpected<Error> label_failure(const std::string &what)
{
	const int code = errno;

	return complaint().empty() ? host_failure(what, code) : failure(what + ": " + complaint(), code);
}

int mode_of(const Metadata &meta)
{
	switch (meta.type) {
	case FileType::regular: return S_IFREG;
	case FileType::directory: return S_IFDIR;
	case FileType::symbolic_link: return S_IFLNK;
	case FileType::character_device: return S_IFCHR;
	case FileType::block_device: return S_IFBLK;
	case FileType::fifo: return S_IFIFO;
	case FileType::socket: return S_IFSOCK;
	default: return 0;
	}
}

/// The kernel has labels with their zero byte.
void set_label(std::vector<Attribute> &attributes, const std::string &label)
{
	const auto there = std::ranges::find(attributes, label_attribute, &Attribute::name);
	const std::string value = label + '\0';

	if (there == attributes.end())
		attributes.push_back({label_attribute, value});
	else
		there->value = value;
}

} // namespace

void FileContexts::Close::operator()(selabel_handle *handle) const
{
	::selabel_close(handle);
}

Result<FileContexts> FileContexts::read(const std::string &file)
{
	selinux_callback callback;
	const selinux_opt options[] = {{SELABEL_OPT_PATH, file.c_str()}};

	callback.func_log = take_complaint;
	::selinux_set_callback(SELINUX_CB_LOG, callback);
	complaint().clear();

	Handle handle(::selabel_open(SELABEL_CTX_FILE, options, std::size(options)));
	if (!handle)
		return label_failure("read");
	return FileContexts(std::move(handle));
}

Result<std::string> FileContexts::label(const std::string &path, const Metadata &meta) const
{
	char *found = nullptr;

	complaint().clear();
	if (::selabel_lookup_raw(handle_.get(), &found, path.c_str(), mode_of(meta)) < 0) {
		if (errno == ENOENT)
			return std::string();
		return label_failure("find SELinux label");
	}

	std::string label(found);
	::freecon(found);
	return label;
}

Result<void> LabelByPath::edit(std::string_view path, Metadata &meta,
			       std::vector<Attribute> &attributes)
{
	const std::string label = TRY(contexts_.label(place_.whole(path), meta));

	if (!label.empty())
		set_label(attributes, label);
	return {};
}

Result<void> OneLabel::edit(std::string_view, Metadata &, std::vector<Attribute> &attributes)
{
	set_label(attributes, label_);
	return {};
}

} // namespace lkl::apps
