// SPDX-License-Identifier: GPL-2.0
/* Proves the errno values of lkl/host_ops.h, see check.h. */
#include <linux/errno.h>
#include <lkl/host_ops.h>
#include "check.h"

VALUE(EIO);
VALUE(ENOMEM);
VALUE(EFAULT);
VALUE(EINVAL);
VALUE(ESHUTDOWN);
VALUE(ETIMEDOUT);
