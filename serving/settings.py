"""How the service is set up: frozen values from the environment, each with the prefix PAIDAN_."""

import ipaddress
from pathlib import Path
from typing import Self

from pydantic import AliasChoices, Field, HttpUrl, Secret, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict
from sqlalchemy.engine import URL, make_url

from auditing.board.counts import IN_HAND
from auditing.log.events import OutcomeStatus
from serving.colours import USUAL_COLOURS, Colours


class KeysRequired(ValueError):
    """API keys are switched off although other machines can reach the service."""

    def __init__(self, host: str) -> None:
        self.host = host
        super().__init__(
            f"require_keys=False（PAIDAN_REQUIRE_KEYS）只允许用于本机地址，而 host（PAIDAN_HOST）是 {host!r}，其他机器可以访问。"
            "请把 host 设为 127.0.0.1，或去掉该设置并用 paidan keys create 建立密钥。 | "
            f"require_keys=False (PAIDAN_REQUIRE_KEYS) is for loopback only, but host (PAIDAN_HOST) is {host!r}. "
            "Set host to 127.0.0.1, or drop the setting and make a key with: paidan keys create"
        )


class Settings(BaseSettings):
    """Settings of one service; `Settings()` reads the environment, arguments come first."""

    model_config = SettingsConfigDict(
        env_prefix="PAIDAN_",
        frozen=True,
        populate_by_name=True,
        hide_input_in_errors=True,
        use_attribute_docstrings=True,
        # a field called model_name is not pydantic's business here
        protected_namespaces=(),
    )

    home: Path = Path("var")
    """Directory of all state: models, case log, keys."""

    host: str = "127.0.0.1"
    """Address to listen on; 0.0.0.0 or :: lets other machines in."""

    port: int = Field(default=8000, ge=0, le=65535)
    """TCP port to listen on; 0 takes a free one."""

    workers: int = Field(default=1, ge=1, le=64)
    """Processes that serve; they share the models in memory and the case log."""

    database_url: SecretStr | None = None
    """SQLAlchemy URL of the case log and the keys; the default is caselog.db under `home`."""

    digest_key_file: Path | None = None
    """File of the secret behind content digests; the default is digest.key under `home`. Services that share a case
    log on a database server must share it."""

    tracking_uri: str | None = Field(
        default=None, validation_alias=AliasChoices("PAIDAN_TRACKING_URI", "MLFLOW_TRACKING_URI")
    )
    """Where the model registry is; the default is the embedded one under `home`."""

    model_name: str = "complaint-triage"
    """Registered name of the model to serve."""

    model_alias: str = "champion"
    """Alias of the version to serve."""

    reload_seconds: float = Field(default=5.0, ge=0, le=86400)
    """Seconds between looks at the alias: a promoted version is loaded beside the live one, checked, and takes its place.
    0 leaves it to POST /v1/models/reload."""

    shadow_alias: str = "challenger"
    """Alias of the version that is asked beside the live one, after the answer is given; empty for none."""

    protected_file: Path | None = None
    """CSV of the classes whose recall a promotion must not lower; the default is shipped, see training/promotion/protected.csv."""

    audit_sample_rate: float = Field(default=0.02, ge=0, le=1)
    """Share of all predictions that reviewers are shown at random, so that accuracy is known of all traffic."""

    watch_seconds: float = Field(default=600.0, ge=0, le=86400)
    """Seconds between looks at drift, accuracy and suspected label errors of the last days, for /metrics and the webhook;
    0 for none."""

    accuracy_floor: float = Field(default=0.5, ge=0, le=1)
    """Accuracy of the last seven days below which the webhook is told."""

    board_colours: Colours = USUAL_COLOURS
    """Colours of new, in hand and closed on the board, as JSON: ["black", "red", "green"]; also amber, blue and grey."""

    board_names: tuple[str, str, str] | None = None
    """What the three are called, each "中文 | English", as JSON; the console has names of its own."""

    board_in_hand: tuple[OutcomeStatus, ...] = tuple(IN_HAND)
    """After which outcomes a ticket is in hand, as JSON: ["accepted"], or ["accepted", "rerouted"] where sending it out
    counts."""

    webhook_url: Secret[HttpUrl] | None = None
    """Address that gets one JSON POST when an incident begins and one when it ends; none by default. It may hold a token,
    and shows nowhere."""

    require_keys: bool = True
    """Whether requests need an API key. May be off on a loopback address only."""

    secure_cookies: bool | None = None
    """Whether the console's cookies go over HTTPS only. By default on every address but a loopback one; behind a proxy on
    this machine that speaks HTTPS, set it."""

    key_memory_seconds: float = Field(default=5.0, ge=0, le=300)
    """Seconds for which a found key is remembered: a revoked one may be taken for so long."""

    busy_timeout_seconds: float = Field(default=5.0, gt=0, le=60)
    """Seconds to wait for another process that writes to the case log before STORE_UNAVAILABLE is answered."""

    model_retry_seconds: float = Field(default=5.0, gt=0, le=3600)
    """Seconds between attempts to load a model while there is none; also the Retry-After of NO_MODEL."""

    max_body_bytes: int = Field(default=1 << 20, ge=1024)
    """Largest body of a single request: 20,000 characters fit, however they are escaped."""

    max_batch_body_bytes: int = Field(default=32 << 20, ge=1024)
    """Largest body of a batch."""

    @property
    def caselog_url(self) -> URL:
        """URL of the case log; its password, if it has one, shows in no representation."""
        if self.database_url is not None:
            return make_url(self.database_url.get_secret_value())
        # built, not written: a path may hold characters that mean something in a URL
        return URL.create("sqlite", database=str(self.home / "caselog.db"))

    @property
    def digest_key_path(self) -> Path:
        """File of the secret behind content digests."""
        return self.digest_key_file or self.home / "digest.key"

    @property
    def has_secure_cookies(self) -> bool:
        """Whether the console's cookies go over HTTPS only."""
        return not is_loopback(self.host) if self.secure_cookies is None else self.secure_cookies

    @model_validator(mode="after")
    def _keys_off_only_at_home(self) -> Self:
        if not self.require_keys and not is_loopback(self.host):
            raise KeysRequired(self.host)
        return self


def is_loopback(host: str) -> bool:
    """Whether `host` can be reached from this machine only."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        # any other name may resolve to anything
        return False
