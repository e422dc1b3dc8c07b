FROM python:3.12-slim AS build
WORKDIR /src
COPY . .
RUN pip install --no-cache-dir -c constraints.txt hatchling \
 && python -m hatchling build -t wheel -d /wheel \
 && python -m venv --without-pip /opt/emulator \
 && pip --python /opt/emulator/bin/python install --no-cache-dir -c constraints.txt /wheel/*.whl

FROM python:3.12-slim
COPY --from=build /opt/emulator /opt/emulator
ENV PATH=/opt/emulator/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 EMULATOR_AUTHORITY=/authority
# A number, so that an orchestrator can see that it is not root.
USER 10001:10001
WORKDIR /scenarios
EXPOSE 8484
# http.client, because urllib would ask a proxy named in the environment.
HEALTHCHECK --interval=10s --timeout=3s --start-period=5s --start-interval=1s \
    CMD ["python", "-c", "import http.client as h; c = h.HTTPConnection('127.0.0.1', 8484, timeout=2); c.request('GET', '/_emulator/health'); raise SystemExit(c.getresponse().status != 200)"]
ENTRYPOINT ["emulator"]
CMD ["serve", "--listen", "0.0.0.0:8484"]
