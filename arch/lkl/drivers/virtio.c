// SPDX-License-Identifier: GPL-2.0
/*
 * virtio by function call: a transport whose registers are the functions of a table
 * that the host gave (struct lkl_virtio_device), whose rings lie in shared memory
 * and whose interrupts are numbers of lkl_image.raise_irq(). Split rings, no DMA API.
 */
#include <linux/device.h>
#include <linux/idr.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/virtio.h>
#include <linux/virtio_config.h>
#include <linux/virtio_ring.h>
#include <asm/lkl.h>
#include <asm/lkl_irq.h>

struct lkl_virtio {
	struct virtio_device vdev;
	const struct lkl_virtio_device *host;
	u8 status;
	int irqs[LKL_VIRTIO_MAX_QUEUES];	/* by virtqueue index */
};

static struct device *root;
static DEFINE_IDR(devices);
static DEFINE_MUTEX(devices_lock);

static struct lkl_virtio *to_lkl(struct virtio_device *vdev)
{
	return container_of(vdev, struct lkl_virtio, vdev);
}

/* @op: of @dev->host. */
static s64 host_call(struct lkl_virtio *dev, void *op, u64 a, u64 b, u64 c)
{
	return lkl_host_call(op, (u64)dev->host->device, a, b, c, 0);
}

static void config_get(struct virtio_device *vdev, unsigned int offset, void *buf,
		       unsigned int len)
{
	struct lkl_virtio *dev = to_lkl(vdev);

	host_call(dev, dev->host->config_read, offset, (u64)buf, len);
}

static void config_set(struct virtio_device *vdev, unsigned int offset, const void *buf,
		       unsigned int len)
{
	struct lkl_virtio *dev = to_lkl(vdev);

	host_call(dev, dev->host->config_write, offset, (u64)buf, len);
}

static u8 get_status(struct virtio_device *vdev)
{
	return to_lkl(vdev)->status;
}

static void set_status(struct virtio_device *vdev, u8 status)
{
	struct lkl_virtio *dev = to_lkl(vdev);

	dev->status = status;
	host_call(dev, dev->host->set_status, status, vdev->features, 0);
}

static void reset(struct virtio_device *vdev)
{
	set_status(vdev, 0);
}

static u64 get_features(struct virtio_device *vdev)
{
	return to_lkl(vdev)->host->features;
}

static int finalize_features(struct virtio_device *vdev)
{
	vring_transport_features(vdev);
	if (__virtio_test_bit(vdev, VIRTIO_F_VERSION_1))
		return 0;
	dev_err(&vdev->dev, "the device does not offer VIRTIO_F_VERSION_1\n");
	return -EINVAL;
}

static const char *bus_name(struct virtio_device *vdev)
{
	return dev_name(&vdev->dev);
}

static void queue_interrupt(void *vq)
{
	vring_interrupt(0, vq);
}

static bool notify(struct virtqueue *vq)
{
	struct lkl_virtio *dev = to_lkl(vq->vdev);
	unsigned long flags;

	/* Completions come back to where the requests came from. */
	local_irq_save(flags);
	lkl_irq_set_cpu(dev->irqs[vq->index], smp_processor_id());
	host_call(dev, dev->host->queue_notify, vq->index, 0, 0);
	/* What the device completed at once is seen here, if interrupts were on. */
	local_irq_restore(flags);
	return true;
}

static void del_queue(struct virtqueue *vq)
{
	struct lkl_virtio *dev = to_lkl(vq->vdev);

	host_call(dev, dev->host->queue_remove, vq->index, 0, 0);
	lkl_irq_free(dev->irqs[vq->index]);
	vring_del_virtqueue(vq);
}

static void del_vqs(struct virtio_device *vdev)
{
	struct virtqueue *vq, *next;

	list_for_each_entry_safe(vq, next, &vdev->vqs, list)
		del_queue(vq);
}

static struct virtqueue *setup_queue(struct lkl_virtio *dev, unsigned int index,
				     const struct virtqueue_info *info)
{
	struct lkl_virtio_ring ring = { .size = sizeof(ring) };
	struct virtqueue *vq;
	int rc;

	vq = vring_create_virtqueue(index, dev->host->queue_entries, SMP_CACHE_BYTES,
				    &dev->vdev, true, true, info->ctx, notify,
				    info->callback, info->name);
	if (!vq)
		return ERR_PTR(-ENOMEM);
	vq->num_max = dev->host->queue_entries;
	rc = lkl_irq_request(queue_interrupt, vq);
	if (rc < 0)
		goto err_ring;
	dev->irqs[index] = rc;
	ring.entries = virtqueue_get_vring_size(vq);
	ring.desc = (u64)__va(virtqueue_get_desc_addr(vq));
	ring.avail = (u64)__va(virtqueue_get_avail_addr(vq));
	ring.used = (u64)__va(virtqueue_get_used_addr(vq));
	ring.irq = dev->irqs[index];
	rc = host_call(dev, dev->host->queue_setup, index, (u64)&ring, 0);
	if (rc)
		goto err_irq;
	return vq;

err_irq:
	lkl_irq_free(dev->irqs[index]);
err_ring:
	vring_del_virtqueue(vq);
	return ERR_PTR(rc);
}

static int find_vqs(struct virtio_device *vdev, unsigned int nvqs, struct virtqueue *vqs[],
		    struct virtqueue_info infos[], struct irq_affinity *desc)
{
	struct lkl_virtio *dev = to_lkl(vdev);
	unsigned int index = 0;

	for (unsigned int i = 0; i < nvqs; i++) {
		vqs[i] = NULL;
		if (!infos[i].name)
			continue;
		if (index >= dev->host->queues) {
			del_vqs(vdev);
			return -ENOENT;
		}
		vqs[i] = setup_queue(dev, index++, &infos[i]);
		if (IS_ERR(vqs[i])) {
			int rc = PTR_ERR(vqs[i]);

			del_vqs(vdev);
			return rc;
		}
	}
	return 0;
}

static const struct virtio_config_ops config_ops = {
	.get			= config_get,
	.set			= config_set,
	.get_status		= get_status,
	.set_status		= set_status,
	.reset			= reset,
	.find_vqs		= find_vqs,
	.del_vqs		= del_vqs,
	.get_features		= get_features,
	.finalize_features	= finalize_features,
	.bus_name		= bus_name,
};

static void release(struct device *dev)
{
	kfree(to_lkl(dev_to_virtio(dev)));
}

static s64 add_device(const struct lkl_virtio_device *host)
{
	struct lkl_virtio *dev;
	int handle, rc;

	if (host->size < sizeof(*host) || host->queues > LKL_VIRTIO_MAX_QUEUES)
		return -EINVAL;
	dev = kzalloc(sizeof(*dev), GFP_KERNEL);
	if (!dev)
		return -ENOMEM;
	dev->host = host;
	dev->vdev.id.device = host->device_id;
	dev->vdev.config = &config_ops;
	dev->vdev.dev.parent = root;
	dev->vdev.dev.release = release;
	rc = register_virtio_device(&dev->vdev);
	if (rc) {
		put_device(&dev->vdev.dev);
		return rc;
	}
	/* Probing is synchronous; what no driver took is of no use. */
	handle = -ENODEV;
	if (dev->vdev.dev.driver) {
		guard(mutex)(&devices_lock);
		handle = idr_alloc(&devices, dev, 0, 0, GFP_KERNEL);
	}
	if (handle < 0)
		unregister_virtio_device(&dev->vdev);
	return handle;
}

static s64 remove_device(int handle)
{
	struct lkl_virtio *dev;

	scoped_guard(mutex, &devices_lock)
		dev = idr_remove(&devices, handle);
	if (!dev)
		return -ENODEV;
	unregister_virtio_device(&dev->vdev);
	return 0;
}

/* Of the first thing the driver made of it: the disk, the network interface. */
static s64 name_device(int handle, char __user *buf, unsigned int bytes)
{
	struct lkl_virtio *dev;
	struct device *child;
	s64 rc = 0;

	guard(mutex)(&devices_lock);
	dev = idr_find(&devices, handle);
	child = dev ? device_find_any_child(&dev->vdev.dev) : NULL;
	if (!child)
		return -ENODEV;
	if (strlen(dev_name(child)) >= bytes)
		rc = -ENAMETOOLONG;
	else if (copy_to_user(buf, dev_name(child), strlen(dev_name(child)) + 1))
		rc = -EFAULT;
	put_device(child);
	return rc;
}

s64 lkl_device_syscall(s64 nr, const s64 *args)
{
	switch (nr) {
	case LKL_NR_DEVICE_ADD:
		return add_device((const struct lkl_virtio_device *)args[0]);
	case LKL_NR_DEVICE_REMOVE:
		return remove_device(args[0]);
	case LKL_NR_DEVICE_NAME:
		return name_device(args[0], (char __user *)args[1], args[2]);
	}
	return -ENOSYS;
}

static int __init virtio_lkl_init(void)
{
	root = root_device_register("virtio-lkl");
	return PTR_ERR_OR_ZERO(root);
}
device_initcall(virtio_lkl_init);
