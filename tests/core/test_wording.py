from kognic._core.wording import counted, of_plural


def test_only_one_is_singular() -> None:
    assert [counted(number, "frame") for number in (0, 1, 2)] == ["0 frames", "1 frame", "2 frames"]


def test_plurals_with_more_words() -> None:
    assert of_plural(2, "geometries of kind x") == "2 geometries of kind x"
    assert of_plural(1, "geometries of kind x") == "1 geometry of kind x"
    assert of_plural(1, "labels") == "1 label"
