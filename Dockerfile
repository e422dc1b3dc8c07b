FROM python:3.12-slim AS build
WORKDIR /src
# The dependencies first: a change of the code leaves their layer as it is.
COPY pyproject.toml constraints.txt ./
RUN python -c "import tomllib; print(*tomllib.load(open('pyproject.toml', 'rb'))['project']['dependencies'], sep='\n')" >requirements.txt \
 && python -m venv --without-pip /opt/emulator \
 && pip --python /opt/emulator/bin/python install --no-cache-dir -c constraints.txt -r requirements.txt \
 && pip install --no-cache-dir -c constraints.txt hatchling
COPY . .
RUN python -m hatchling build -t wheel -d /wheel \
 && pip --python /opt/emulator/bin/python install --no-cache-dir --no-deps /wheel/*.whl

FROM python:3.12-slim
LABEL org.opencontainers.image.title="ai-api-emulator" \
      org.opencontainers.image.description="One local server that stands in for hosted AI APIs described in YAML." \
      org.opencontainers.image.licenses="MIT"
COPY --from=build /opt/emulator /opt/emulator
ENV PATH=/opt/emulator/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 EMULATOR_AUTHORITY=/authority \
    EMULATOR_LISTEN=0.0.0.0:8484
# A number, so that an orchestrator can see that it is not root.
USER 10001:10001
WORKDIR /scenarios
EXPOSE 8484
# At the port that the server listens on, by an argument or a variable.
HEALTHCHECK --interval=10s --timeout=3s --start-period=5s --start-interval=1s CMD ["emulator", "health", "--pid", "1"]
ENTRYPOINT ["emulator"]
CMD ["serve"]
