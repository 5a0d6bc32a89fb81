# The daemon and all it starts. The program is built before, by `make build`: `make image` does both.
ARG BASE=debian:12-slim
FROM ${BASE}
RUN apt-get update \
 && apt-get install -y --no-install-recommends ca-certificates e2fsprogs git mmdebstrap \
 && rm -rf /var/lib/apt/lists/*
COPY paastech /usr/local/bin/paastech
ENV PAASTECH_DATADIR=/var/lib/paastech
# Dashboard, git, applications. With the host's network, which the daemon needs, they are the host's own.
EXPOSE 3000 2222 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s CMD ["paastech", "admin", "overview", "--json"]
ENTRYPOINT ["paastech"]
CMD ["serve"]
