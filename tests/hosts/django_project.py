"""Django, set up once for all tests of a process; each application that it serves has URLs of its own."""

import tempfile
from collections.abc import Callable
from types import ModuleType
from typing import Any

import django
from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.conf import settings
from django.http import HttpRequest
from django.urls import URLPattern, URLResolver

URLS = "tests.urls"
"""Where, in a scope or an environment, the URLs are to be found that it is for."""


class Urls(ModuleType):
    """A module of URLs, as `ROOT_URLCONF` names one."""

    def __init__(self, urlpatterns: list[URLPattern | URLResolver]) -> None:
        super().__init__("urls")
        self.urlpatterns = urlpatterns


class OwnUrls:
    """Middleware: each request goes to the URLs of the application it was sent to."""

    async_capable = sync_capable = True

    def __init__(self, get_response: Callable[[HttpRequest], Any]) -> None:
        self._get_response = get_response
        if iscoroutinefunction(get_response):
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> Any:
        request.urlconf = (getattr(request, "scope", None) or request.META)[URLS]
        return self._get_response(request)


def set_up() -> None:
    """Configure Django, as a project's `settings.py` does. Idempotent."""
    if settings.configured:
        return
    settings.configure(
        ALLOWED_HOSTS=["*"],
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": f"{tempfile.mkdtemp()}/django.db"}},
        INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions"],
        LOGGING_CONFIG=None,
        MIDDLEWARE=[
            "tests.hosts.django_project.OwnUrls",
            "django.middleware.security.SecurityMiddleware",
            "django.contrib.sessions.middleware.SessionMiddleware",
            "django.middleware.common.CommonMiddleware",
            "django.middleware.csrf.CsrfViewMiddleware",
            "django.contrib.auth.middleware.AuthenticationMiddleware",
            "django.middleware.clickjacking.XFrameOptionsMiddleware",
        ],
        PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"],
        ROOT_URLCONF=__name__,
        SECRET_KEY="of no use to anybody",
        USE_TZ=True,
    )
    django.setup()


urlpatterns: list[URLPattern | URLResolver] = []
