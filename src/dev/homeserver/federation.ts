import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { promisify } from "node:util";
import { RogatoryError } from "../../domain/errors.ts";

/** What lets a development homeserver speak with others on this machine, and with nobody else. */
export interface Federation {
  /** On 127.0.0.1, with TLS; the server's name must end with it (`localhost:8448`). */
  readonly port: number;
  /** Names of the homeservers that it may speak with; its own name need not be among them. */
  readonly with: readonly string[];
}

/** The cryptography package comes with Synapse; Node itself cannot make a certificate. */
const makeCertificate = `
import datetime, ipaddress, sys
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
key = ec.generate_private_key(ec.SECP256R1())
name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
now = datetime.datetime.now(datetime.timezone.utc)
names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
certificate = (
    x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    .serial_number(x509.random_serial_number())
    .not_valid_before(now - datetime.timedelta(days=1))
    .not_valid_after(now + datetime.timedelta(days=3650))
    .add_extension(x509.SubjectAlternativeName(names), critical=False)
    .sign(key, hashes.SHA256()))
with open(sys.argv[2], "wb") as file:
    file.write(key.private_bytes(serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
with open(sys.argv[1], "wb") as file:
    file.write(certificate.public_bytes(serialization.Encoding.PEM))
`;

/** Makes a certificate for this machine, signed by itself, if there is none. */
export async function ensureCertificate(
  python: string,
  files: { readonly certificate: string; readonly certificateKey: string },
): Promise<void> {
  if (existsSync(files.certificate)) return;
  try {
    await promisify(execFile)(python, [
      ...["-c", makeCertificate, files.certificate, files.certificateKey],
    ]);
  } catch (cause) {
    throw new RogatoryError(
      "certificate",
      `No certificate could be made for the homeserver (${files.certificate}): look whether its folder can be written.`,
      { cause },
    );
  }
}

/** The part of homeserver.yaml that opens, or closes, the homeserver to others. */
export function federationSettings(
  federation: Federation | undefined,
  files: { readonly certificate: string; readonly certificateKey: string },
) {
  if (federation === undefined) return { federation_domain_whitelist: [] };
  return {
    federation_domain_whitelist: [...federation.with],
    tls_certificate_path: files.certificate,
    tls_private_key_path: files.certificateKey,
    // Certificates here are signed by themselves, and all addresses are loopback.
    federation_verify_certificates: false,
    ip_range_blacklist: [],
    federation_ip_range_blacklist: [],
    // People's clients ask for it, and are told who is in a room even when both servers were writing.
    experimental_features: { msc4222_enabled: true },
    // A server that was away is asked again soon, by what waits for it as well as by what is new.
    federation: {
      max_long_retry_delay: "5s",
      destination_min_retry_interval: "1s",
      destination_retry_multiplier: 2,
      destination_max_retry_interval: "10s",
    },
  };
}

export function federationListener({ port }: Federation) {
  return {
    ...{ type: "http", tls: true, port, bind_addresses: ["127.0.0.1"] },
    resources: [{ names: ["federation", "keys"], compress: false }],
  };
}
