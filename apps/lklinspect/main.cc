// SPDX-License-Identifier: GPL-2.0
// lklinspect: what is in disk images. This file is the table of contents.
#include <cstdio>
#include <memory>

#include <fmt/format.h>

#include "apps/common/reporter.hh"
#include "apps/common/tool_sandbox.hh"
#include "inventory.hh"
#include "options.hh"
#include "report.hh"

namespace lkl::apps {

namespace {

std::string report_of(const Inventory &inventory, Form form)
{
	switch (form) {
	case Form::table:
		return table_of(inventory);
	case Form::json:
		return json_of(inventory);
	default:
		return tree_of(inventory);
	}
}

Status run(const Options &options)
{
	Reporter reporter("lklinspect", options.tool.quiet, options.tool.progress_fd);
	const auto fatal = [&](const Error &error) {
		reporter.fatal(options.images.front(), error.text);
		return Status::fatal;
	};

	KernelLog log(options.tool.show_kernel_log);	// outlives the image
	auto image = Image::open(options.image);
	if (!image)
		return fatal(image.error());
	ToolSandbox sandbox("lklinspect", reporter, options.tool);
	sandbox.confine_files();
	if (const Result<void> booted = (*image)->boot(log); !booted)
		return fatal(booted.error());
	sandbox.confine_calls((*image)->is_served());
	if (const Result<void> attached = (*image)->attach(); !attached)
		return fatal(attached.error());
	log.complaint();	// What the kernel said so far is about no volume.

	const auto inventory = take_inventory(**image, log, options);
	if (!inventory)
		return fatal(inventory.error());
	if (const auto trouble = (*image)->trouble())
		reporter.affected(options.images.front(), trouble->text);

	fmt::print("{}", report_of(*inventory, options.form));
	if (std::fflush(stdout) != 0)
		return fatal(host_failure("standard output").error());
	if (const Result<void> closed = (*image)->close(); !closed)
		return fatal(closed.error());
	return inventory->is_well() ? reporter.status() : Status::some_affected;
}

} // namespace

} // namespace lkl::apps

int main(int argc, char **argv)
{
	auto parsed = lkl::apps::parse_command_line(argc, argv);
	if (const int *status = std::get_if<int>(&parsed))
		return *status;
	return static_cast<int>(lkl::apps::run(std::get<lkl::apps::Options>(parsed)));
}
