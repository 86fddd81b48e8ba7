// SPDX-License-Identifier: GPL-2.0
// SELinux labels that the copies get instead of those of their sources.
#pragma once

#include <memory>
#include <string>

#include "apps/common/entry_edit.hh"
#include "image_place.hh"

struct selabel_handle;

namespace lkl::apps {

/// A policy's file_contexts: labels by paths in the image and kinds of files.
class FileContexts {
public:
	/// Also reads @file's companions: FILE.local, FILE.homedirs, FILE.subs.
	static Result<FileContexts> read(const std::string &file);

	/// Empty where the policy has none.
	Result<std::string> label(const std::string &path, const Metadata &meta) const;

private:
	struct Close {
		void operator()(selabel_handle *handle) const;
	};
	using Handle = std::unique_ptr<selabel_handle, Close>;

	explicit FileContexts(Handle handle) : handle_(std::move(handle)) {}

	Handle handle_;
};

/// Labels from @contexts, which like @place must outlive it. Without one the source's stays.
class LabelByPath final : public EntryEdit {
public:
	LabelByPath(const FileContexts &contexts, const ImagePlace &place)
	    : contexts_(contexts), place_(place)
	{
	}

	Result<void> edit(std::string_view path, Metadata &meta,
			  std::vector<Attribute> &attributes) override;

private:
	const FileContexts &contexts_;
	const ImagePlace &place_;
};

/// The same label for all.
class OneLabel final : public EntryEdit {
public:
	explicit OneLabel(std::string label) : label_(std::move(label)) {}

	Result<void> edit(std::string_view path, Metadata &meta,
			  std::vector<Attribute> &attributes) override;

private:
	const std::string label_;
};

} // namespace lkl::apps
