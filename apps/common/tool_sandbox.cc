// SPDX-License-Identifier: GPL-2.0
#include "tool_sandbox.hh"

#include "sandbox.hh"

namespace lkl::apps {

ToolSandbox::ToolSandbox(std::string_view tool, Reporter &reporter, const ToolOptions &options)
    : tool_(tool), reporter_(reporter), options_(options)
{
}

void ToolSandbox::confine_files()
{
	if (options_.sandbox)
		tell(apps::confine_files(directories_));
}

void ToolSandbox::confine_calls(bool served)
{
	if (options_.sandbox)
		tell(apps::confine_calls(tool_, directories_, served));
}

void ToolSandbox::tell(const Result<void> &result)
{
	if (!result && options_.show_kernel_log)
		reporter_.notice("sandbox", "not complete: " + result.error().text);
}

} // namespace lkl::apps
