# How does a node run in a container? Not as root, with its modules cached and locked, with no permission to spare.

FROM denoland/deno:2.9.6 AS build
WORKDIR /app
COPY deno.json deno.lock ./
COPY src ./src
COPY deploy/health_check.ts ./deploy/
RUN ["deno", "cache", "--frozen", "src/main.ts", "deploy/health_check.ts"]

# No shell and no package manager. Its entry point is deno under tini, which passes signals on.
FROM denoland/deno:distroless-2.9.6
WORKDIR /app
COPY --from=build /deno-dir /deno-dir
COPY --from=build /app /app

# The loopback address of a container is of no use to others.
ENV HOST=0.0.0.0
# Of glibc, not of the node: its memory in huge pages, and more of it at hand, as by `deno task start`.
ENV GLIBC_TUNABLES=glibc.malloc.hugetlb=1:glibc.malloc.tcache_count=512
EXPOSE 8080 8081
USER 65532:65532
STOPSIGNAL SIGTERM

# Alive, not ready: whoever kills what is unhealthy must not kill every node while PostgreSQL is away. The balancer asks
# for readiness.
HEALTHCHECK --interval=5s --timeout=3s --start-period=60s --retries=3 \
  CMD ["deno", "run", "--no-prompt", "--cached-only", "--allow-net=127.0.0.1", "--allow-env=PORT,SERVER_PORT", "deploy/health_check.ts"]

# Of the environment it sees its settings alone; whatever else a library asks for is not there. JWKS_FILE and
# the files of CLUSTER_TLS_CERT, CLUSTER_TLS_KEY and CLUSTER_TLS_CA may be mounted into /etc/doorbuster.
CMD ["run", "--no-prompt", "--frozen", "--cached-only", "--v8-flags=--no-allocation-site-pretenuring", "--allow-net", "--allow-read=/etc/doorbuster", "--ignore-env", \
  "--allow-env=ACTORS_AWAKE_MAX,ACTOR_IDLE,ADMIN_TOKEN,ALLOWED_HOSTS,ALLOW_UNSAFE_DATABASE,AUDIT_EVERY,CHECKOUT_MODE,CHECKOUT_TTL,CLUSTER_PORT,CLUSTER_SECRET,CLUSTER_TLS_CA,CLUSTER_TLS_CERT,CLUSTER_TLS_KEY,CORS_ORIGINS,DATABASE_URL,DATA_DIR,DB_HOST,DB_NAME,DB_PASSWORD,DB_PORT,DB_USER,DRAIN,HEADER_TIMEOUT,HEARTBEAT,HOST,ITEMS_PER_SALE,JOIN_ACTIVATIONS,JWKS_FILE,JWT_AUDIENCE,JWT_ISSUER,JWT_SECRET,KEEP_ATTEMPTS,LANES,LOG_LEVEL,MAILBOX_MAX,NODE_EXPIRY,NODE_ID,NODE_URL,PORT,PURCHASE_LIMIT,RATE_LIMIT,REQUEST_TIMEOUT,SALES_AHEAD,SALE_CLOSES,SERVER_PORT,SERVICE_TOKEN,TRUST_PROXY,UPSTASH_REDIS_REST_TOKEN,UPSTASH_REDIS_REST_URL", \
  "src/main.ts"]
