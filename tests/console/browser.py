"""What a browser does, without its window: speaks viser's protocol over a real websocket."""

from __future__ import annotations

import threading
import time
from typing import Any

import msgspec
import viser
import zstandard
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect


class Browser:
    """Connects, keeps what it is told, presses and chooses.

    Attributes:
        gui: what stands beside the scene, by its id: the message that made it, brought up to date.
        scene: nodes by name: `position`, `wxyz`, `visible`, as they were told last.
    """

    def __init__(self, port: int) -> None:
        protocol: Any = f"viser-v{viser.__version__}"
        address = f"ws://127.0.0.1:{port}"
        self._socket = connect(address, subprotocols=[protocol], max_size=None)
        self.gui: dict[str, dict[str, Any]] = {}
        self.scene: dict[str, dict[str, Any]] = {}
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        self._send(
            type="ViewerCameraMessage", wxyz=(1, 0, 0, 0), position=(0, 0, 1), fov=1.0, near=0.1,
            far=100.0, image_height=480, image_width=640, look_at=(0, 0, 0), up_direction=(0, 0, 1),
        )  # fmt: skip

    def _send(self, **message: Any) -> None:
        self._socket.send(msgspec.msgpack.encode(message))

    def close(self) -> None:
        self._socket.close()
        self._reader.join(10.0)

    def _read(self) -> None:
        try:
            for frame in self._socket:
                assert isinstance(frame, bytes)
                size = int.from_bytes(frame[8:16], "little")
                text = zstandard.ZstdDecompressor().decompress(frame[16 : 16 + size])
                for message in msgspec.msgpack.decode(text)["messages"]:
                    self._take(message)
        except ConnectionClosed:
            return

    def _take(self, message: dict[str, Any]) -> None:
        kind = message["type"]
        if kind == "GuiUpdateMessage":
            made = self.gui[message["uuid"]]
            for key, value in message["updates"].items():
                (made if key == "value" else made["props"])[key] = value
        elif kind.startswith("Gui") and "uuid" in message and "props" in message:
            self.gui[message["uuid"]] = message
        elif kind == "RemoveSceneNodeMessage":
            self.scene.pop(message["name"], None)
        elif "name" in message:
            node = self.scene.setdefault(message["name"], {"kinds": set()})
            node["kinds"].add(kind)
            given = {k: message[k] for k in ("position", "wxyz", "visible") if k in message}
            node.update(given)

    def until(self, condition: Any, what: str, seconds: float = 20.0) -> None:
        """Wait for a condition; fails, saying for what."""
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, f"not within {seconds:g} s: {what}"
            time.sleep(0.02)

    def words(self) -> str:
        """All HTML that stands beside the scene."""
        rows = tuple(self.gui.values())
        return "\n".join(str(m["props"].get("content", "")) for m in rows)

    def _named(self, label: str) -> tuple[str, dict[str, Any]]:
        self.until(lambda: any(self._is(m, label) for m in tuple(self.gui.values())), label)
        return next((k, m) for k, m in tuple(self.gui.items()) if self._is(m, label))

    @staticmethod
    def _is(message: dict[str, Any], label: str) -> bool:
        return bool(message["props"].get("label") == label)

    def value(self, label: str) -> Any:
        """Of an input."""
        return self._named(label)[1]["value"]

    def options(self, label: str) -> tuple[str, ...]:
        """Of a list to choose from."""
        return tuple(self._named(label)[1]["props"]["options"])

    def set(self, label: str, value: Any) -> None:
        """Press a button (True), or fill an input."""
        uuid, made = self._named(label)
        made["value"] = value
        self._send(type="GuiUpdateMessage", uuid=uuid, updates={"value": value})
