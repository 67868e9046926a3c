//! libnbd's own programs.

use std::fs;

use crate::both_ways;
use crate::site::SIZE_BYTES;

/// Every command, by libnbd's Python module. `uri` is the server's, `structured` whether replies are.
const SCRIPT: &str = r#"
import errno, sys
h = nbd.NBD()
h.set_uri_allow_local_file(True)
h.set_request_structured_replies(structured)
h.add_meta_context(nbd.CONTEXT_BASE_ALLOCATION)
# Also what libnbd knows to be wrong is for the server to refuse.
h.set_strict_mode(0)
h.connect_uri(uri)

def fails(code, call, *arguments, **named):
    try:
        call(*arguments, **named)
    except nbd.Error as error:
        assert error.errnum == code, (error, code)
        return
    raise AssertionError("it should fail")

assert h.get_size() == 64 << 20
assert h.get_structured_replies_negotiated() == structured
for can in ("cache", "fast_zero", "flush", "fua", "multi_conn", "trim", "zero"):
    assert getattr(h, "can_" + can)(), can
assert h.can_df() == structured and not h.is_read_only()
assert (h.get_block_size(nbd.SIZE_MINIMUM), h.get_block_size(nbd.SIZE_PREFERRED)) == (1, 4096)
assert h.get_block_size(nbd.SIZE_MAXIMUM) == 32 << 20

data = bytes(range(256)) * 4096
h.pwrite(data, 3000)
assert h.pread(len(data), 3000) == data
h.pwrite(b"fua" * 100, 1 << 20, nbd.CMD_FLAG_FUA)
h.flush()
h.cache(1 << 20, 0)
h.zero(4096, 8192)
assert h.pread(4096, 8192) == bytes(4096)
h.zero(4096, 16384, nbd.CMD_FLAG_NO_HOLE | nbd.CMD_FLAG_FUA)
h.zero(1 << 20, 4 << 20, nbd.CMD_FLAG_FAST_ZERO)
fails(errno.EOPNOTSUPP, h.zero, 4096, 0, nbd.CMD_FLAG_FAST_ZERO | nbd.CMD_FLAG_NO_HOLE)
h.trim(4096, 0, nbd.CMD_FLAG_FUA)
assert h.pread(4096, 0) == bytes(4096)

fails(errno.ENOSPC, h.pwrite, bytes(512), (64 << 20) - 511)
fails(errno.ENOSPC, h.zero, 512, 64 << 20)
fails(errno.EINVAL, h.pread, 512, 64 << 20)
fails(errno.EINVAL, h.trim, 512, 64 << 20)
fails(errno.EINVAL, h.cache, 512, 64 << 20)

found = []
def extent(context, offset, entries, error):
    assert context == "base:allocation"
    found.append((offset, entries))
def chunk(data, offset, status, error):
    found.append((offset, len(data), status))

h.zero(64 << 20, 0)
h.pwrite(b"x" * 4096, 1 << 20)
if structured:
    h.block_status(64 << 20, 0, extent)
    rest = (63 << 20) - 4096
    assert found == [(0, [1 << 20, 3, 4096, 0, rest, 3])], found
    found = []
    h.block_status(1 << 20, 1 << 20, extent, nbd.CMD_FLAG_REQ_ONE)
    assert found == [(1 << 20, [4096, 0])], found
    found = []
    h.pread_structured(2 << 20, 0, chunk)
    assert (0, 1 << 20, nbd.READ_HOLE) in found and (1 << 20, 4096, nbd.READ_DATA) in found, found
    found = []
    h.pread_structured(2 << 20, 0, chunk, nbd.CMD_FLAG_DF)
    assert found == [(0, 2 << 20, nbd.READ_DATA)], found
else:
    fails(errno.EINVAL, h.block_status, 4096, 0, extent)

# Many at once, of all lengths.
buffers, cookies = [], []
for n in range(64):
    length = (512, 4096, 65536, 1 << 20)[n % 4]
    buffer = nbd.Buffer.from_bytearray(bytearray([n + 1]) * length)
    buffers.append(buffer)
    cookies.append(h.aio_pwrite(buffer, n * (1 << 20)))
while cookies:
    h.poll(-1)
    cookies = [cookie for cookie in cookies if not h.aio_command_completed(cookie)]
for n in range(64):
    length = (512, 4096, 65536, 1 << 20)[n % 4]
    assert h.pread(length, n * (1 << 20)) == bytes([n + 1]) * length, n
h.shutdown()
"#;

both_ways! {
    fn nbdinfo_shows_what_the_server_offers(site) {
        let shown = site.run("nbdinfo", &["--json", &site.uri()]);
        for expected in [
            "\"protocol\": \"newstyle-fixed\"", "\"structured\": true", "\"export-name\": \"disk\"",
            "\"description\": \"a disk in memory\"", "\"base:allocation\"", "\"is_read_only\": false", "\"can_cache\": true",
            "\"can_df\": true", "\"can_fast_zero\": true", "\"can_flush\": true", "\"can_fua\": true", "\"can_multi_conn\": true",
            "\"can_trim\": true", "\"can_zero\": true", "\"block_size_minimum\": 1", "\"block_size_preferred\": 4096",
            "\"block_size_maximum\": 33554432", "\"export-size\": 67108864",
        ] {
            assert!(shown.contains(expected), "{expected} is not in {shown}");
        }
        assert!(site.run("nbdinfo", &["--list", &site.uri()]).contains("export=\"disk\""));
        assert_eq!(site.run("nbdinfo", &["--size", &site.uri()]).trim(), SIZE_BYTES.to_string());
        for can in ["cache", "df", "fast-zero", "flush", "fua", "multi-conn", "structured-reply", "trim", "write", "zero"] {
            assert!(site.attempt("nbdinfo", &["--can", can, &site.uri()]).0, "{can}");
        }
        assert!(!site.attempt("nbdinfo", &["--is", "read-only", &site.uri()]).0);
        assert!(!site.attempt("nbdinfo", &[&site.uri().replace("/disk", "/other")]).0);
    }

    fn nbdinfo_maps_what_is_allocated(site) {
        let sample = site.sample("sample");
        site.run("nbdcopy", &[sample.to_str().unwrap(), &site.uri()]);
        let map = site.run("nbdinfo", &["--map", &site.uri()]);
        let lines: Vec<Vec<_>> = map.lines().map(|line| line.split_whitespace().collect()).collect();
        assert_eq!(lines.iter().map(|line| line[..3].join(" ")).collect::<Vec<_>>(), [
            "0 16777216 0", "16777216 25165824 3", "41943040 25165824 0",
        ]);
    }

    fn nbdcopy_brings_a_file_here_and_back(site) {
        let (sample, copy) = (site.sample("sample"), site.folder.file("copy"));
        let (from, to) = (sample.to_str().unwrap(), copy.to_str().unwrap());
        site.run("nbdcopy", &["--flush", from, &site.uri()]);
        assert!(site.memory.bytes() == fs::read(&sample).unwrap());
        assert!(site.memory.calls().iter().any(|call| call == "flush"));
        site.run("nbdcopy", &[&site.uri(), to]);
        assert!(site.memory.bytes() == fs::read(&copy).unwrap());
        site.run("nbdcopy", &["--synchronous", "--connections=1", "--destination-is-zero", &site.uri(), to]);
        assert!(site.memory.bytes() == fs::read(&copy).unwrap());
        let counted = site.offer.counters.snapshot();
        assert_eq!(counted.errors, 0);
        assert!(counted.bytes_read >= 2 * counted.bytes_written);
    }

    fn nbdsh_plays_every_command(site) {
        for structured in ["True", "False"] {
            let script = format!("uri = {:?}\nstructured = {structured}\n{SCRIPT}", site.uri());
            site.run("nbdsh", &["-c", &script]);
            let calls = site.memory.calls();
            for expected in ["flush", "cache 0 1048576", "zero 16384 4096 no_hole=true fast=false", "trim 0 4096"] {
                assert!(calls.iter().any(|call| call == expected), "{expected} is not in {calls:?}");
            }
        }
    }

    fn a_client_that_connects_again_sees_that_the_device_has_grown(site) {
        site.memory.grow(SIZE_BYTES + (1 << 20));
        assert_eq!(site.run("nbdinfo", &["--size", &site.uri()]).trim(), (SIZE_BYTES + (1 << 20)).to_string());
    }
}
