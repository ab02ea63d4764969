"""
The recipes of the guide for packages that the tests do not need otherwise, each installed in a folder of its own.
"""

import os
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from tests.guides import CLIENT_SECRET, ROOT, blocks, localized, standing_in

GUIDE: Final = ROOT / "oauth_cc" / "integrations" / "README.md"

SQLALCHEMY: Final = """
from sqlalchemy import create_engine, event, text
from sqlalchemy.pool import NullPool

engine = create_engine("sqlite://", poolclass=NullPool)
event.listen(engine, "do_connect", add_token)
given = []

@event.listens_for(engine, "do_connect")
def take_password(dialect, record, arguments, parameters):
    given.append(parameters.pop("password"))  # which SQLite has not

def connect():
    with engine.connect() as connection:
        assert connection.execute(text("select 1")).scalar() == 1
    assert given.pop() == source.token().access_token.reveal()

connect()
first = source.token()
source.discard(first)
connect()
assert source.token() != first
"""
NIQUESTS: Final = """
import niquests

assert niquests.get("https://api.example.com/things", auth=source.access_token()).status_code == 200
"""
DJANGO: Final = """
import django
from django.conf import settings
from django.http import HttpResponse
from django.test import Client
from django.urls import path

def things(request):
    return HttpResponse(status=api().get("https://api.example.com/things").status_code)

settings.configure(ROOT_URLCONF=__name__, ALLOWED_HOSTS=["testserver"])
django.setup()
urlpatterns = [path("things", things)]
assert [Client().get("/things").status_code for _ in range(2)] == [200, 200]
"""
CELERY: Final = """
from celery import Celery
from celery.contrib.testing.worker import start_worker

app = Celery("things", broker="memory://", backend="cache+memory://")

@app.task
def things():
    return api().get("https://api.example.com/things").status_code

with start_worker(app, pool="solo", perform_ping_check=False):
    assert [things.delay().get(timeout=30) for _ in range(2)] == [200, 200]
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("package", "recipe", "use"),
    [
        ("sqlalchemy", "def add_token(", SQLALCHEMY),
        ("niquests", "", NIQUESTS),
        ("django", "def api()", DJANGO),
        ("celery", "def api()", CELERY),
    ],
    ids=["sqlalchemy", "niquests", "django", "celery"],
)
def test_a_recipe_works_with_the_real_package(package: str, recipe: str, use: str, tmp_path: Path) -> None:
    """Niquests would replace the urllib3 of requests, so no environment has them all."""
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-compile", "--target", str(tmp_path / "packages")]
    subprocess.run([*pip, package], check=True)
    source = next(block.text for block in blocks(GUIDE) if "source = TokenSource" in block.text)
    shown = next(block.text for block in blocks(GUIDE) if block.language == "python" and recipe in block.text)
    environment = {
        **os.environ,
        "CLIENT_SECRET": CLIENT_SECRET,
        "PYTHONPATH": os.pathsep.join([str(tmp_path / "packages"), str(ROOT)]),
    }
    with standing_in(tmp_path) as urls:
        program = localized(f"{source}\n{shown}\n{use}", urls)
        subprocess.run([sys.executable, "-c", program], check=True, env=environment)
