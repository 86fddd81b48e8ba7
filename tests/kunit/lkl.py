# SPDX-License-Identifier: GPL-2.0
# kunit.py's description of this architecture (--qemu_config). Its "qemu" is
# tests/kunit/qemu-system-lkl.
import os

from ..qemu_config import QemuArchParams

CONFIG = os.path.join(os.path.dirname(os.path.realpath(__file__)),
                      '../../arch/lkl/configs/kunit.config')

with open(CONFIG) as config:
    QEMU_ARCH = QemuArchParams(linux_arch='lkl',
                               kconfig=config.read(),
                               qemu_arch='lkl',
                               kernel_path='vmlinux',
                               kernel_command_line='',
                               extra_qemu_params=[])
