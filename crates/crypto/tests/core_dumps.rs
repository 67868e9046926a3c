//! In a process of its own, as what is forbidden can't be allowed again.

#[test]
#[expect(unsafe_code, reason = "asks the kernel")]
fn a_process_that_forbids_core_dumps_leaves_none() {
    // SAFETY: takes no pointers.
    let is_dumpable = || unsafe { libc::prctl(libc::PR_GET_DUMPABLE, 0, 0, 0, 0) };
    assert_eq!(is_dumpable(), 1);
    coffer_crypto::forbid_core_dumps().unwrap();
    assert_eq!(is_dumpable(), 0);
    let limits = std::fs::read_to_string("/proc/self/limits").unwrap();
    let core = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap();
    assert_eq!(core.split_whitespace().skip(4).take(2).collect::<Vec<_>>(), ["0", "0"]);
}
