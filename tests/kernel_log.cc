// SPDX-License-Identifier: GPL-2.0
// Boots a kernel image, prints its log as it comes, and halts it. For scripts.
// usage: kernel_log KERNEL MEMORY_MIB [COMMAND_LINE]
#include <cstdio>
#include <cstdlib>

#include <lkl.h>

int main(int argc, char **argv)
{
	if (argc < 3) {
		std::fprintf(stderr, "usage: kernel_log KERNEL MEMORY_MIB [COMMAND_LINE]\n");
		return 2;
	}

	lkl_options options = {};
	options.size = sizeof(options);
	options.kernel_path = argv[1];
	options.memory_bytes = std::strtoull(argv[2], nullptr, 10) << 20;
	options.command_line = argc > 3 ? argv[3] : nullptr;
	options.log = [](void *, int, uint64_t, const char *line) { std::puts(line); };

	lkl_kernel *kernel = nullptr;
	const bool failed = lkl_create(&options, &kernel) < 0 || lkl_start(kernel) < 0 ||
			    lkl_halt(kernel) < 0;
	if (failed)
		std::fprintf(stderr, "kernel_log: %s\n", lkl_last_error(kernel));
	lkl_destroy(kernel);
	return failed;
}
