import pytest

from tools.chapter_checks import CHECKS
from tools.course import HERE

SLUGS = HERE.slugs


@pytest.mark.parametrize("slug", SLUGS)
@pytest.mark.parametrize("name", CHECKS)
def test_the_stored_chapter_is_in_order(slug: str, name: str) -> None:
    assert CHECKS[name](HERE, slug) == []
