// SPDX-License-Identifier: GPL-2.0
// The image loader: a small image made here is placed right, and no damage to it
// is more than an error.
#include "loader.hh"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <random>
#include <vector>

#include <gtest/gtest.h>

#include <lkl/abi.h>

#include "elf.hh"

namespace lkl::test {
namespace {

// An instance of which only the memory matters.
class MemoryInstance final : public host::Instance {
public:
	explicit MemoryInstance(std::size_t bytes) : ram_(bytes / 8) {}

	std::span<std::byte> ram() override { return std::as_writable_bytes(std::span(ram_)); }
	std::uint64_t vmalloc_base() const override { return 0; }
	std::uint64_t vmalloc_bytes() const override { return 0; }
	std::uint32_t map_granule() const override { return 4096; }

	Result<void> place(std::uint64_t at, std::span<const std::byte> source) override
	{
		if (at > ram().size() || source.size() > ram().size() - at)
			return std::unexpected(Error{LKL_EINVAL, "place"});
		std::copy(source.begin(), source.end(), ram().begin() + static_cast<long>(at));
		return {};
	}

	Result<void> protect(std::uint64_t at, std::uint64_t bytes, std::uint32_t prot) override
	{
		EXPECT_EQ(at % 4096, 0u);
		EXPECT_EQ(bytes % 4096, 0u);
		EXPECT_LE(at + bytes, ram().size());
		protections.push_back({at, bytes, prot});
		return {};
	}

	Result<void> watch_faults(const lkl_image *, std::uint64_t, std::uint64_t) override
	{
		return {};
	}

	struct Protection {
		std::uint64_t at, bytes;
		std::uint32_t prot;
	};
	std::vector<Protection> protections;

private:
	std::vector<std::uint64_t> ram_;
};

// The image: a page of headers and code, a page of data with the relocations and
// an lkl_image, bss behind it.
constexpr std::uint64_t code_at = 0x200;
constexpr std::uint64_t data_at = 0x1000;
constexpr std::uint64_t dynamic_at = data_at;
constexpr std::uint64_t rela_at = data_at + 0x100;
constexpr std::uint64_t relr_at = data_at + 0x200;
constexpr std::uint64_t words_at = data_at + 0x400;	// what is relocated
constexpr std::uint64_t table_at = data_at + 0x800;
constexpr std::uint64_t file_bytes = 0x2000;
constexpr std::uint64_t memory_bytes = 0x5000;

class Image {
public:
	Image() : bytes(file_bytes)
	{
		elf::Header header = {};

		std::copy(elf::ident.begin(), elf::ident.end(), header.e_ident.begin());
		header.e_type = elf::et_dyn;
		header.e_machine = elf::this_machine.number;
		header.e_version = 1;
		header.e_entry = code_at;
		header.e_phoff = sizeof(header);
		header.e_ehsize = sizeof(header);
		header.e_phentsize = sizeof(elf::Segment);
		header.e_phnum = 3;
		put(0, header);
		put_segment(0, {elf::pt_load, elf::pf_r | elf::pf_x, 0, 0, 0, 0x400, 0x400, 4096});
		put_segment(1, {elf::pt_load, elf::pf_r | elf::pf_w, data_at, data_at, data_at,
				file_bytes - data_at, memory_bytes - data_at, 4096});
		put_segment(2, {elf::pt_dynamic, elf::pf_r, dynamic_at, dynamic_at, dynamic_at, 0x80,
				0x80, 8});

		const elf::Dynamic dynamic[] = {{elf::dt_rela, rela_at}, {elf::dt_relasz, 24},
						{elf::dt_relaent, 24},	 {elf::dt_relr, relr_at},
						{elf::dt_relrsz, 16},	 {elf::dt_relrent, 8},
						{elf::dt_null, 0}};

		put(dynamic_at, dynamic);
		put(rela_at, elf::Rela{words_at, elf::this_machine.relative, 0x1234});
		// words_at + 8, then + 16 and + 32.
		put(relr_at, words_at + 8);
		put(relr_at + 8, std::uint64_t{0b1011});
		for (unsigned i = 1; i <= 5; i++)
			put(words_at + 8 * i, std::uint64_t{0x100 * i});

		lkl_image table = {};

		table.size = sizeof(table);
		table.version = LKL_HOST_ABI_VERSION;
		put(table_at, table);
		// x86-64: lea table(%rip),%rax; ret
		const unsigned char code[] = {0x48, 0x8d, 0x05, 0, 0, 0, 0, 0xc3};

		put(code_at, code);
		put(code_at + 3, static_cast<std::int32_t>(table_at - code_at - 7));
	}

	template <class T> void put(std::uint64_t at, const T &value)
	{
		std::memcpy(&bytes[at], &value, sizeof(value));
	}
	void put_segment(unsigned index, const elf::Segment &segment)
	{
		put(sizeof(elf::Header) + index * sizeof(segment), segment);
	}
	template <class T> void change(std::uint64_t at, T value) { put(at, value); }

	std::vector<std::byte> bytes;
};

std::uint64_t word(host::Instance &instance, std::uint64_t at)
{
	std::uint64_t value;

	std::memcpy(&value, &instance.ram()[image_at + at], sizeof(value));
	return value;
}

constexpr std::size_t ram_bytes = 4 << 20;

void expect_refused(const Image &image, int code = LKL_ENOEXEC)
{
	MemoryInstance instance(ram_bytes);
	Result<PlacedImage> placed = place_image(instance, image.bytes, "test.elf");

	ASSERT_FALSE(placed);
	EXPECT_EQ(placed.error().code, code);
	EXPECT_TRUE(placed.error().context.starts_with("test.elf: ")) << placed.error().context;
}

TEST(Loader, PlacesRelocatesAndProtects)
{
	Image image;
	MemoryInstance instance(ram_bytes);
	Result<PlacedImage> placed = place_image(instance, image.bytes, "test.elf");

	ASSERT_TRUE(placed) << placed.error().context;
	EXPECT_EQ(placed->at, image_at);
	EXPECT_EQ(placed->bytes, memory_bytes);

	std::uint64_t base = reinterpret_cast<std::uintptr_t>(&instance.ram()[image_at]);

	EXPECT_EQ(placed->entry, &instance.ram()[image_at + code_at]);
	EXPECT_EQ(word(instance, words_at), base + 0x1234);
	EXPECT_EQ(word(instance, words_at + 8), base + 0x100);
	EXPECT_EQ(word(instance, words_at + 16), base + 0x200);
	EXPECT_EQ(word(instance, words_at + 24), 0x300u);
	EXPECT_EQ(word(instance, words_at + 32), base + 0x400);
	EXPECT_EQ(word(instance, words_at + 40), 0x500u);
	for (std::uint64_t at = file_bytes; at < memory_bytes; at += 8)
		ASSERT_EQ(word(instance, at), 0u);
	ASSERT_EQ(instance.protections.size(), 2u);
	EXPECT_EQ(instance.protections[0].prot, LKL_PROT_READ | LKL_PROT_EXEC);
	EXPECT_EQ(instance.protections[0].bytes, 4096u);
	EXPECT_EQ(instance.protections[1].prot, LKL_PROT_READ | LKL_PROT_WRITE);
	EXPECT_EQ(instance.protections[1].at, image_at + data_at);
	EXPECT_EQ(instance.protections[1].bytes, memory_bytes - data_at);
}

TEST(Loader, TwoInstancesGetTheirOwn)
{
	Image image;
	MemoryInstance first(ram_bytes), second(ram_bytes);

	ASSERT_TRUE(place_image(first, image.bytes, "test.elf"));
	ASSERT_TRUE(place_image(second, image.bytes, "test.elf"));
	EXPECT_NE(word(first, words_at), word(second, words_at));
}

TEST(Loader, RunsOnTheRealHost)
{
	if (elf::this_machine.number != elf::x86_64.number)
		GTEST_SKIP() << "the test's entry point is x86-64 code";

	char path[] = "/dev/shm/lkl-loader-XXXXXX";
	int fd = ::mkstemp(path);

	ASSERT_GE(fd, 0);
	{
		Image image;
		std::ofstream file(path, std::ios::binary);

		file.write(reinterpret_cast<const char *>(image.bytes.data()),
			   static_cast<long>(image.bytes.size()));
	}
	for (unsigned round = 0; round < 2; round++) {
		Result<std::unique_ptr<host::Instance>> instance =
			host::Instance::create(ram_bytes, ram_bytes, {});

		ASSERT_TRUE(instance);

		ImageSource source = image_file(path);
		Result<LoadedImage> loaded = source(**instance);

		ASSERT_TRUE(loaded) << loaded.error().context;
		EXPECT_EQ(reinterpret_cast<const std::byte *>(loaded->table),
			  &(*instance)->ram()[image_at + table_at]);
		EXPECT_EQ(word(**instance, words_at),
			  reinterpret_cast<std::uintptr_t>(&(*instance)->ram()[image_at]) + 0x1234);
		EXPECT_EQ(word(**instance, memory_bytes - 8), 0u);
	}
	std::remove(path);
}

TEST(Loader, TablesOfAnotherVersionAreRefused)
{
	if (elf::this_machine.number != elf::x86_64.number)
		GTEST_SKIP() << "the test's entry point is x86-64 code";

	for (std::uint64_t member : {offsetof(lkl_image, size), offsetof(lkl_image, version)}) {
		Image image;
		Result<std::unique_ptr<host::Instance>> instance =
			host::Instance::create(ram_bytes, ram_bytes, {});

		image.change(table_at + member, std::uint32_t{8});

		Result<PlacedImage> placed = place_image(**instance, image.bytes, "test.elf");

		ASSERT_TRUE(placed);
		EXPECT_FALSE(enter_image(*placed, "test.elf"));
	}
}

TEST(Loader, BuiltInImageIsMissingHere)
{
	MemoryInstance instance(ram_bytes);
	Result<LoadedImage> loaded = load_builtin_image(instance);

	ASSERT_FALSE(loaded);
	EXPECT_EQ(loaded.error().code, LKL_ENOEXEC);
}

TEST(Loader, NoFileIsItsOwnError)
{
	MemoryInstance instance(ram_bytes);
	Result<LoadedImage> loaded = image_file("/nowhere/vmlinux")(instance);

	ASSERT_FALSE(loaded);
	EXPECT_EQ(loaded.error().code, LKL_ENOENT);
	EXPECT_NE(loaded.error().context.find("/nowhere/vmlinux"), std::string::npos);
}

TEST(Loader, TooLittleMemoryIsSaid)
{
	Image image;

	image.put_segment(1, {elf::pt_load, elf::pf_r | elf::pf_w, data_at, data_at, data_at,
			      file_bytes - data_at, 64 << 20, 4096});
	expect_refused(image, LKL_ENOMEM);

	MemoryInstance tiny(1 << 20);

	EXPECT_FALSE(place_image(tiny, Image().bytes, "test.elf"));
}

TEST(Loader, WrongKindsAreRefused)
{
	Image exec, other, data, interp, tls;

	exec.change(offsetof(elf::Header, e_type), std::uint16_t{2});
	expect_refused(exec);
	other.change(offsetof(elf::Header, e_machine), std::uint16_t{3});
	expect_refused(other);
	data.bytes.assign(100000, std::byte{0x55});
	expect_refused(data);
	interp.put_segment(2, {elf::pt_interp, 4, 0, 0, 0, 16, 16, 1});
	expect_refused(interp);
	tls.put_segment(2, {elf::pt_tls, 4, 0, 0, 0, 16, 16, 1});
	expect_refused(tls);
}

TEST(Loader, EntryMustBeCode)
{
	for (std::uint64_t entry : {data_at, std::uint64_t{0x400}, memory_bytes, ~std::uint64_t{0}}) {
		Image image;

		image.change(offsetof(elf::Header, e_entry), entry);
		expect_refused(image);
	}
}

TEST(Loader, RelocationsOutsideAreRefused)
{
	for (std::uint64_t at : {memory_bytes, memory_bytes - 7, ~std::uint64_t{0}, ~std::uint64_t{7},
				 std::uint64_t{1} << 40}) {
		Image rela, relr;

		rela.change(rela_at, at);
		expect_refused(rela);
		if (at % 2 == 0) {
			relr.change(relr_at, at);
			expect_refused(relr);
		}
	}
	Image run_off;

	run_off.change(relr_at, memory_bytes - 8);
	expect_refused(run_off);
}

TEST(Loader, OtherRelocationsAreRefused)
{
	Image type, symbol, needed, plt;

	type.change(rela_at + 8, std::uint64_t{elf::this_machine.relative + 1});
	expect_refused(type);
	symbol.change(rela_at + 12, std::uint32_t{1});
	expect_refused(symbol);
	needed.put(dynamic_at + 6 * 16, elf::Dynamic{elf::dt_needed, 1});
	expect_refused(needed);
	plt.put(dynamic_at + 6 * 16, elf::Dynamic{elf::dt_pltrelsz, 24});
	expect_refused(plt);
}

TEST(Loader, TablesOutsideAreRefused)
{
	for (std::uint64_t value : {memory_bytes, ~std::uint64_t{0}, std::uint64_t{1} << 63}) {
		for (unsigned entry : {0u, 1u, 3u, 4u}) {
			Image image;

			image.change(dynamic_at + entry * 16 + 8, value);
			MemoryInstance instance(ram_bytes);
			EXPECT_FALSE(place_image(instance, image.bytes, "test.elf")) << entry;
		}
	}
	Image dynamic;

	dynamic.put_segment(2, {elf::pt_dynamic, 4, 0, ~0ull - 8, 0, 0x80, 0x80, 8});
	expect_refused(dynamic);
}

TEST(Loader, TruncatedFilesAreErrors)
{
	Image whole;
	MemoryInstance instance(ram_bytes);

	for (std::size_t bytes = 0; bytes < whole.bytes.size(); bytes += bytes < 600 ? 1 : 61)
		EXPECT_FALSE(place_image(instance, std::span(whole.bytes).first(bytes), "test.elf"))
			<< bytes;
}

TEST(Loader, BitFlipsNeverHarm)
{
	MemoryInstance instance(ram_bytes);
	// Headers, dynamic section and relocations, every bit.
	auto try_range = [&](std::uint64_t first, std::uint64_t bytes) {
		for (std::uint64_t bit = first * 8; bit < (first + bytes) * 8; bit++) {
			Image image;

			image.bytes[bit / 8] ^= static_cast<std::byte>(1 << bit % 8);
			(void)place_image(instance, image.bytes, "test.elf");
		}
	};

	try_range(0, sizeof(elf::Header) + 3 * sizeof(elf::Segment));
	try_range(dynamic_at, 0x80);
	try_range(rela_at, 24);
	try_range(relr_at, 16);
}

TEST(Loader, RandomHeadersNeverHarm)
{
	std::mt19937_64 random(5);
	MemoryInstance instance(ram_bytes);

	for (unsigned round = 0; round < 3000; round++) {
		Image image;

		for (unsigned i = 0; i < 4; i++) {
			std::uint64_t at = (random() % 2 ? 24 : dynamic_at) + random() % 256;
			std::uint64_t value = random() >> (random() % 64);

			std::memcpy(&image.bytes[at], &value, random() % 8 + 1);
		}
		(void)place_image(instance, image.bytes, "test.elf");
	}
}

} // namespace
} // namespace lkl::test
