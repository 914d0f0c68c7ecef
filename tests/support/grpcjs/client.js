// An independent client, run as a program: @grpc/grpc-js, from the documents' protos alone.
//
// Arguments: the address, and a JSON file with the PEM texts. Each line of
// stdin is a call, {"method", "request", "firstOnly"}; each line of stdout its
// answers, {"answers"} or {"code", "message"}: what grpcio_client.py does.
'use strict';

const fs = require('fs');
const path = require('path');
const readline = require('readline');
const grpc = require('@grpc/grpc-js');
const protoLoader = require('@grpc/proto-loader');

const DEADLINE_MS = 30000;
const PROTOS = ['spec.proto', 'workerspec.proto', 'monitoringspec.proto'].map((name) => path.join(__dirname, '..', name));
const SERVICES = ['joblet.JobletService', 'workerservice.WorkerService', 'joblet.MonitoringService'];
// The JSON of protobuf: names as they are, bytes as base64, every field.
const AS_JSON = { keepCase: true, longs: String, enums: String, bytes: String, defaults: true };
// What clients of this API expect in the server's certificate, whatever the address.
const CHANNEL = { 'grpc.ssl_target_name_override': 'joblet' };

function loadMethods() {
  const definition = protoLoader.loadSync(PROTOS, AS_JSON);
  return Object.assign({}, ...SERVICES.map((name) => definition[name]));
}

function credentials(file) {
  const tls = JSON.parse(fs.readFileSync(file, 'utf8'));
  return grpc.credentials.createSsl(Buffer.from(tls.ca), Buffer.from(tls.key), Buffer.from(tls.cert));
}

function deadline() {
  return { deadline: Date.now() + DEADLINE_MS };
}

function unary(client, method, request) {
  return new Promise((resolve, reject) => {
    client.makeUnaryRequest(
      method.path, method.requestSerialize, method.responseDeserialize, request, deadline(),
      (error, answer) => (error ? reject(error) : resolve([answer])),
    );
  });
}

function streamed(client, method, request, firstOnly) {
  return new Promise((resolve, reject) => {
    const call = client.makeServerStreamRequest(
      method.path, method.requestSerialize, method.responseDeserialize, request, deadline(),
    );
    const answers = [];
    call.on('data', (answer) => {
      answers.push(answer);
      if (firstOnly) call.cancel();
    });
    call.on('end', () => resolve(answers));
    // A call that was cancelled ends with an error, not with its end.
    call.on('error', (error) => {
      if (firstOnly && error.code === grpc.status.CANCELLED) resolve(answers.slice(0, 1));
      else reject(error);
    });
  });
}

async function answer(client, methods, { method: name, request, firstOnly }) {
  const method = methods[name];
  try {
    const call = method.responseStream ? streamed : unary;
    return { answers: await call(client, method, request, firstOnly) };
  } catch (error) {
    if (error.code === undefined) throw error;
    return { code: grpc.status[error.code], message: error.details };
  }
}

async function main() {
  const [address, tlsFile] = process.argv.slice(2);
  const methods = loadMethods();
  const client = new grpc.Client(address, credentials(tlsFile), CHANNEL);
  for await (const line of readline.createInterface({ input: process.stdin })) {
    process.stdout.write(`${JSON.stringify(await answer(client, methods, JSON.parse(line)))}\n`);
  }
  client.close();
}

main();
