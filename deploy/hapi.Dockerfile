# A HAPI FHIR R4 server to try Hemolens on: the server of our tests (test/hapi/server), H2 in a folder. Not for patients' data: it asks
# nobody who they are. Build from the top of the repository:
#
#   docker build --file deploy/hapi.Dockerfile --tag hemolens-hapi:0.1.0 .
#
# Base images are pinned by tag; deploy/Dockerfile says how to pin the digest as well.

FROM maven:3.9.9-eclipse-temurin-17 AS build
WORKDIR /build
COPY test/hapi/server/pom.xml ./
# Before the source: the artefacts (about 270 MB) are downloaded again only when the pom changes.
RUN mvn --batch-mode --quiet --no-transfer-progress dependency:copy-dependencies -DincludeScope=runtime -DoutputDirectory=target/lib
COPY test/hapi/server/HapiServer.java ./
RUN mvn --batch-mode --quiet --no-transfer-progress compile
# A volume takes over the owner of the folder it is first mounted on.
RUN mkdir data

FROM eclipse-temurin:17.0.13_11-jre-jammy
LABEL org.opencontainers.image.title="HAPI FHIR R4 for trying Hemolens" \
      org.opencontainers.image.description="HAPI FHIR JPA server on H2, without authentication: synthetic patients only." \
      org.opencontainers.image.version="0.1.0" \
      org.opencontainers.image.licenses="Apache-2.0"
WORKDIR /app
COPY --from=build /build/target/lib ./lib
COPY --from=build /build/target/classes ./classes
COPY --from=build --chown=10001:10001 /build/data /data
VOLUME /data
# Writes its database to /data, and Tomcat's scratch files to /tmp.
USER 10001:10001
EXPOSE 8080
STOPSIGNAL SIGTERM
# There is no curl; bash opens the connection itself.
HEALTHCHECK --interval=10s --timeout=5s --start-period=120s --retries=6 \
  CMD ["bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/${SERVER_PORT:-8080} && printf 'GET /fhir/metadata HTTP/1.1\\r\\nHost: 127.0.0.1\\r\\nConnection: close\\r\\n\\r\\n' >&3 && read -r status <&3 && [[ $status == *' 200'* ]]"]

# It listens on loopback unless SERVER_ADDRESS says otherwise, and ends when its standard input does: run it with --interactive.
ENTRYPOINT ["java", "-Xmx1g", "-XX:+UseSerialGC", "-XX:-UsePerfData", "-Dhapi.port=8080", "-Dhapi.data=/data", "-cp", "classes:lib/*", "HapiServer"]
