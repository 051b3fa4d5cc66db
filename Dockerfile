# The service in a container: `docker compose up`, or
#   docker build --tag attention-ocr . && docker run --rm --publish 127.0.0.1:5000:5000 attention-ocr
# It reads with onnxruntime; models of yours are mounted at /models and named as MODEL=NAME=/models/FILE.
FROM python:3.11-slim-bookworm

ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
WORKDIR /app
COPY constraints.txt pyproject.toml README.md ./
COPY datasets ./datasets
COPY attention_ocr ./attention_ocr
RUN python -m pip install --constraint constraints.txt '.[serve]'
USER 10001:10001

ENV MODEL=words
EXPOSE 5000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=60s --retries=3 \
  CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:5000/health/ready', timeout=2)"]
# The shell is replaced, so that the service itself gets SIGTERM.
ENTRYPOINT ["/bin/sh", "-c", "exec attention-ocr serve --model=\"$MODEL\" --host=0.0.0.0 --port=5000 \"$@\"", "serve"]
CMD ["--log_json"]
