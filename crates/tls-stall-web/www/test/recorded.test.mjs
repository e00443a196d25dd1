// The WebAssembly beside the command, on every capture in testdata.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, readdirSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { before, test } from "node:test";
import { pathToFileURL } from "node:url";
import { command, root } from "./site.mjs";

let library;

before(async () => {
    const bindings = path.join(root, "target/web/bindings/tls_stall_web.js");
    library = await import(pathToFileURL(bindings));
    library.initSync({ module: readFileSync(path.join(root, "target/web/bindings/tls_stall_web_bg.wasm")) });
});

const CAPTURE = /\.(pcap|pcapng|cap|snoop|gz|zst|lz4|xz)$/;
const FOLDERS = ["encapsulations", "formats", "lab", "malformed", "origin", "recorded"];
const captures = FOLDERS.flatMap((folder) => {
    const at = path.join("testdata", folder);
    const names = readdirSync(path.join(root, at)).filter((name) => CAPTURE.test(name));
    return names.map((name) => path.join(at, name));
});

/** The bytes of a file, in pieces of `most` at most. */
function bytes(file, most = Infinity) {
    let rest = readFileSync(path.join(root, file));
    return {
        read(room) {
            const piece = rest.subarray(0, Math.min(room.length, most));
            room.set(piece);
            rest = rest.subarray(piece.length);
            return piece.length;
        },
    };
}

/** Reads the capture `input`, so many bytes in a step, and says what is in it. */
function diagnose(name, input, step = 1 << 20) {
    const reading = new library.Reading(name, input, 1000, false);
    while (reading.step(step)) {}
    return new library.Diagnosis(reading.finish());
}

/** What the command prints; `undefined` where it cannot do it. */
function tlsStall(...args) {
    try {
        return execFileSync(command, args, { cwd: root, stdio: "pipe", maxBuffer: 1 << 28 });
    } catch (error) {
        return error.stdout.length > 0 ? error.stdout : undefined;
    }
}

test("every capture has the JSON and the HTML of the command, or is refused as there", (t) => {
    let reports = 0;
    for (const file of captures) {
        const json = tlsStall("--format", "json", file)?.toString();
        if (json === undefined) {
            assert.throws(() => diagnose(file, bytes(file)), /^Error: cannot read /, file);
            continue;
        }
        reports += 1;
        // Pieces and steps of odd sizes: no reading need fill its room, nor a step end with a frame.
        const diagnosis = diagnose(file, bytes(file, 997), 1499);
        assert.equal(diagnosis.json(), json, file);
        assert.equal(diagnosis.html(), tlsStall("--format", "html", file).toString(), file);
        diagnosis.free();
    }
    t.diagnostic(`${reports} reports of ${captures.length} captures`);
    assert.ok(reports > 100);
});

test("settled connections are told in the lines that the command prints", () => {
    const file = "testdata/origin/phone-on-3g.pcap";
    const lines = [];
    library.stream(file, bytes(file), 1000, (line) => lines.push(line));
    assert.equal(lines.join(""), tlsStall("--format", "ndjson", file).toString());
    assert.equal(lines.length, 1);
});

test("what the caller throws ends the reading and is thrown on", () => {
    const file = "testdata/origin/phone-on-3g.pcap";
    const full = new Error("enough");
    const take = () => {
        throw full;
    };
    assert.throws(() => library.stream(file, bytes(file), 1000, take), full);
});

test("a file that fails while it is read is reported as far as it went, and said to be cut", () => {
    const file = "testdata/origin/phone-on-3g.pcap";
    const whole = bytes(file, 1000);
    let pieces = 0;
    const failing = {
        read(room) {
            pieces += 1;
            if (pieces > 4) {
                throw new Error("the card was taken out");
            }
            return whole.read(room);
        },
    };
    const diagnosis = diagnose("card.pcap", failing);
    assert.match(diagnosis.unread(), /^cannot read card\.pcap: the card was taken out/);
});

test("frames of evidence are those of the command, and not made of another capture", () => {
    const file = "testdata/origin/phone-on-3g.pcap";
    const proof = path.join(mkdtempSync(path.join(tmpdir(), "tls-stall-")), "proof.pcapng");
    tlsStall("--annotate", proof, file);
    const diagnosis = diagnose(file, bytes(file));
    const evidence = (input) => {
        const reading = diagnosis.evidence(input);
        while (reading.step(499)) {}
        return reading.finish();
    };
    assert.deepEqual(Buffer.from(evidence(bytes(file))), readFileSync(proof));
    const other = bytes("testdata/origin/phone-on-wifi.pcap");
    assert.throws(() => evidence(other), /it has changed since it was analysed/);
});
