import subprocess
import sys


def test_the_client_brings_no_server_code_along() -> None:
    """It is installed in other people's services."""
    modules = "coatcheck.client, coatcheck.client.inbox, coatcheck.client.webhooks"
    code = f"import sys, {modules}; print(*sorted(name.partition('.')[0] for name in sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.split()
    assert "httpx2" in loaded
    assert not {"starlette", "apsw", "fastapi", "uvicorn", "pydantic"} & set(loaded)
