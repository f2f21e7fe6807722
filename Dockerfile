# One image for web, workers and clock; docker-compose.yml says which of them a container is.

FROM node:22-slim AS browser
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts

FROM python:3.11-slim AS app
ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
RUN useradd --system --uid 10001 --create-home clinic
WORKDIR /app

# Give pip the index of the CPU (or CUDA) builds of torch here, e.g. --build-arg PIP_EXTRA_INDEX_URL=…
ARG PIP_EXTRA_INDEX_URL=
COPY pyproject.toml constraints.txt README.md ./
RUN pip install -c constraints.txt torch numpy && pip install -c constraints.txt .

COPY . .
COPY --from=browser /app/node_modules node_modules
ENV DJANGO_SETTINGS_MODULE=skinclinic.settings VAR_DIR=/data STATIC_ROOT=/app/collected
RUN python -m skinclinic.local vendor --copy-only \
    && SECRET_KEY=build DATABASE_URL=postgresql://build@/build REDIS_URL=redis://build python manage.py collectstatic --noinput \
    && rm -rf node_modules && mkdir /data && chown clinic /data
USER clinic
VOLUME /data
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=6s --start-period=30s \
    CMD python -c "import urllib.request as r; r.urlopen('http://127.0.0.1:8000/health/', timeout=5)"
CMD ["gunicorn", "skinclinic.wsgi", "--bind", "0.0.0.0:8000", "--worker-class", "gthread", "--workers", "2", "--threads", "8"]
