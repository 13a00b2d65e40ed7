"""Slow reports beside a Django site's own views, in one file as small sites have it.

    uvicorn django_reports:application
    curl -i localhost:8000/api/rainfall --json '{"year": 2014}' -H 'Authorization: Bearer adas-token'
    curl -i localhost:8000/reports/2015 -X POST -H 'Authorization: Bearer adas-token'

The second is a view of the site's own, which orders the same report. In a project, `jobs` and its operations stand in a module
of an app, `urlpatterns` in `urls.py` and `application` in `asgi.py`.
"""

from django.conf import settings
from django.core.asgi import get_asgi_application
from django.core.management.utils import get_random_secret_key
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import path, reverse
from django.views.decorators.http import require_POST

from coatcheck import Coatcheck, Job
from coatcheck.demo import weather

if not settings.configured:
    settings.configure(ALLOWED_HOSTS=["localhost", "127.0.0.1"], ROOT_URLCONF=__name__, SECRET_KEY=get_random_secret_key())

TOKENS = {"adas-token": "ada", "bens-token": "ben"}  # each sees their own jobs only


def authenticate(request: HttpRequest) -> str | None:
    """A site with accounts says `return request.user.get_username() or None`."""
    return TOKENS.get(request.headers.get("authorization", "").removeprefix("Bearer "))


jobs = Coatcheck(authenticate=authenticate)


@jobs.operation("/rainfall", timeout=600, estimate="1 second")
def rainfall(year: int, job: Job) -> dict[str, float]:
    """A year's rain in Seattle, in millimetres a month."""
    return {month.name: round(month.precipitation, 1) for month in job.track(weather.months(year), unit="month")}


@require_POST
async def order_report(request: HttpRequest, year: int) -> HttpResponse:
    user = authenticate(request)
    if user is None:
        return JsonResponse({"error": "Who are you?"}, status=401)
    handle = await rainfall.options(owner=user).submit(year)
    return JsonResponse({"ordered": year}, status=202, headers={"Location": reverse("coatcheck:status", args=[handle.id])})


urlpatterns = [path("api/", jobs.urls), path("reports/<int:year>", order_report)]
application = jobs.asgi(get_asgi_application())
