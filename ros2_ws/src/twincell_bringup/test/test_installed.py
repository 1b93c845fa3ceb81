"""What the package installs is what the repository holds."""

import os
import xml.etree.ElementTree as ElementTree
from pathlib import Path

SHARE = Path(os.environ["TWINCELL_SHARE"])
ROOT = Path(__file__).resolve().parents[4]
NAMESPACE = {"dds": "http://www.eprosima.com"}


def test_launch_files_and_worlds_are_the_repositorys():
    for folder, pattern in (("launch", "*.launch.*"), ("worlds", "*.yaml")):
        installed = {p.name: p.read_bytes() for p in (SHARE / folder).glob(pattern)}
        for source in (ROOT / folder).glob(pattern):
            assert installed[source.name] == source.read_bytes()


def test_transport_profile_holds_a_large_message():
    profile = ElementTree.parse(SHARE / "config" / "fastdds_profiles.xml")
    segment = int(profile.findtext(".//dds:segment_size", namespaces=NAMESPACE))
    message = int(profile.findtext(".//dds:maxMessageSize", namespaces=NAMESPACE))
    assert segment >= 2 * message >= 2 * 32 * 1024 * 1024


def test_nothing_compiled_was_installed():
    assert not list(SHARE.rglob("__pycache__"))
