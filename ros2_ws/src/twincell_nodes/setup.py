from setuptools import setup

NAME = "twincell_nodes"
NODES = [
    "simulator",
    "lidar",
    "profiler",
    "multispectral",
    "crack_detector",
    "separation_monitor",
    "safety_supervisor",
    "latency_ledger",
    "orchestrator",
    "policy",
    "recorder",
    "operator",
    "fault_campaign",
    "soak",
    "transfer",
    "inject",
    "console",
]

setup(
    name=NAME,
    version="0.1.0",
    packages=[NAME],
    data_files=[
        ("share/ament_index/resource_index/packages", [f"resource/{NAME}"]),
        (f"share/{NAME}", ["package.xml"]),
    ],
    install_requires=["setuptools"],
    zip_safe=True,
    maintainer="The twincell authors",
    maintainer_email="maintainers@twincell.example.org",
    description="Thin ROS 2 nodes over the core of twincell",
    license="Apache-2.0",
    extras_require={"test": ["pytest"]},  # without it colcon test runs nothing
    entry_points={"console_scripts": [f"{node} = {NAME}.{node}:main" for node in NODES]},
)
