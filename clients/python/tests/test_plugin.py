"""The fixtures and the marker, in runs of pytest of their own."""

import textwrap

MAKE = """
    import pytest
    from alibabacloud_ecs20140526 import models

    def make(client):
        zone = dict(region_id="cn-hangzhou", zone_id="cn-hangzhou-h", disk_category="cloud_essd")
        return client.create_disk(models.CreateDiskRequest(size=20, **zone)).body.disk_id

    def count(client):
        return client.describe_disks(models.DescribeDisksRequest(region_id="cn-hangzhou")).body.total_count
"""


def run(pytester, tests, *arguments):
    pytester.makepyfile(textwrap.dedent(MAKE) + textwrap.dedent(tests))
    return pytester.runpytest_subprocess(*arguments)


def test_each_test_finds_a_new_server_unless_its_marker_says_otherwise(pytester):
    tests = """
        def test_one(coffer_ecs):
            assert make(coffer_ecs) and count(coffer_ecs) == 1

        @pytest.mark.coffer(reset=False)
        def test_two(coffer_ecs):
            assert count(coffer_ecs) == 1

        def test_three(coffer_ecs):
            assert count(coffer_ecs) == 0
    """
    run(pytester, tests).assert_outcomes(passed=3)


def test_the_seed_of_the_command_line_decides_the_ids(pytester):
    tests = """
        def test_id(coffer_ecs):
            print("made", make(coffer_ecs))
    """
    def made(seed):
        lines = run(pytester, tests, "-s", "--coffer-seed", seed).outlines
        return next(word for line in lines if "made" in line for word in line.split() if word.startswith("d-"))

    assert made("5") == made("5") != made("6")


def test_a_marker_with_a_slip_is_an_error(pytester):
    tests = """
        @pytest.mark.coffer(rest=False)
        def test_slip(coffer):
            pass
    """
    result = run(pytester, tests)
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*the marker coffer does not know rest*"])


def test_a_missing_server_is_named(pytester, monkeypatch):
    monkeypatch.delenv("COFFER_BINARY", raising=False)
    monkeypatch.setenv("PATH", "")
    result = run(pytester, "def test_it(coffer): pass")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*no server: set COFFER_BINARY*"])
