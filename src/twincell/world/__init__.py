"""What a cell is: the typed, validated world file, handed on as frozen dataclasses."""
