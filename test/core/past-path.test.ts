import { afterEach, describe, expect, it } from "vitest";
import { type DfsPath, resolvePath } from "../../src/core/names.ts";
import { pastPath, pastRoot, pastTimeOf, timeAndPath, timeOf, withZone } from "../../src/core/past-path.ts";

const zone = process.env["TZ"];
afterEach(() => {
  if (zone === undefined) delete process.env["TZ"];
  else process.env["TZ"] = zone;
});

const at = (path: string): DfsPath => resolvePath(path);
const noon = Date.UTC(2026, 10, 1, 12);

describe("paths of the past", () => {
  it.each([
    ["2026-11-01T12:00Z", noon],
    ["2026-11-01T12:00:30Z", noon + 30_000],
    ["2026-11-01T12:00:30.5Z", noon + 30_500],
    ["2026-11-01T14:00+02:00", noon],
    ["2026-11-01T06:30-05:30", noon],
    ["2026-11-01T14:00", noon],
    ["2026-11-01", noon - 14 * 3_600_000],
    ["2024-02-29", Date.UTC(2024, 1, 28, 22)],
  ])("PAST-31 %s is a time, of the zone of the machine where it names none", (text, timeMs) => {
    process.env["TZ"] = "Africa/Maputo";
    expect(timeOf(text)).toBe(timeMs);
    expect(pastTimeOf(`@${text}`)).toBe(timeMs);
    expect(pastTimeOf(text)).toBeUndefined();
  });

  it.each(["", "@", "2026", "2026-11", "2026-11-00", "2026-11-31", "2026-02-29", "2026-13-01", "2026-11-01T", "now"])(
    "PAST-31 %j is no time",
    (text) => {
      expect(timeOf(text)).toBeUndefined();
      expect(pastTimeOf(`@${text}`)).toBeUndefined();
    },
  );

  it.each([
    "2026-11-01T24:01",
    "2026-11-01T12",
    "2026-11-01T12:60",
    "2026-11-01 12:00",
    "2026-11-01T12:00+2",
    "@2026-11-01",
  ])("PAST-31 %j is no time", (text) => {
    expect(timeOf(text)).toBeUndefined();
  });

  it("PAST-31 a path leads to what is below its time, and back again", () => {
    expect(pastRoot(noon)).toBe("/@2026-11-01T12:00:00.000Z");
    expect(pastPath(noon, at("/a/b"))).toBe("/@2026-11-01T12:00:00.000Z/a/b");
    expect(pastPath(noon, at("/@1999-12-31/a"))).toBe("/@2026-11-01T12:00:00.000Z/a");
    expect(timeAndPath(pastPath(noon, at("/a/b")))).toEqual({ timeMs: noon, path: "/a/b" });
    expect(timeAndPath(at("/a/@2026-11-01"))).toEqual({ timeMs: undefined, path: "/a/@2026-11-01" });
    expect(timeAndPath(pastRoot(noon))).toEqual({ timeMs: noon, path: "/" });
  });

  it.each([
    ["Africa/Maputo", "/@2026-11-01T14:00/a", "/@2026-11-01T14:00+02:00/a"],
    ["Africa/Maputo", "/@2026-11-01", "/@2026-11-01T00:00+02:00"],
    ["America/St_Johns", "/@2026-11-02T06:30:15.5", "/@2026-11-02T06:30:15.5-03:30"],
    ["UTC", "/@2026-11-01/a/b", "/@2026-11-01T00:00Z/a/b"],
    ["Africa/Maputo", "/@2026-11-01T12:00Z", "/@2026-11-01T12:00Z"],
    ["Africa/Maputo", "/@2026-11-01T12:00-01:00/a", "/@2026-11-01T12:00-01:00/a"],
    ["Africa/Maputo", "/a/@2026-11-01", "/a/@2026-11-01"],
  ])("PAST-31 with zone %s %s means %s everywhere", (name, path, zoned) => {
    process.env["TZ"] = name;
    const timeMs = timeAndPath(at(path)).timeMs;
    expect(withZone(at(path))).toBe(zoned);
    process.env["TZ"] = "Asia/Tokyo";
    expect(timeAndPath(at(zoned)).timeMs).toBe(timeMs);
  });
});
