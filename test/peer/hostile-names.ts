/** Names that somebody with a space's keys, or a coordinator, may seal into a catalogue, and what get is to make of each. */

export interface HostileName {
  readonly what: string;
  readonly bytes: Buffer;
  /** Whether get writes it on Linux under just this name. */
  readonly isWritten: boolean;
}

const as = (isWritten: boolean) => (what: string, name: string | Buffer) => ({
  what,
  bytes: Buffer.from(name),
  isWritten,
});
const refused = as(false);
const written = as(true);
const bytes = (...values: number[]): Buffer => Buffer.from(values);

export const hostileNames: readonly HostileName[] = [
  // Ways out of the folder
  refused("nothing at all", ""),
  refused("itself", "."),
  refused("the folder above", ".."),
  refused("a path", "a/b"),
  refused("a path that leads up", "../outside/victim"),
  refused("a longer one", "../../outside/victim"),
  refused("up and down again", "x/../../outside/victim"),
  refused("an absolute path", "/tmp/absolute"),
  refused("two slashes", "//server/share"),
  refused("a slash behind", "good/"),
  refused("a slash alone", "/"),
  refused("itself, by a path", "./good"),
  refused("the folder above, by a path", "../"),
  refused("NUL, and a path behind it", "good\0/../../outside"),
  refused("NUL at the end", "good\0"),
  refused("overlong: slash in two bytes", bytes(0x61, 0xc0, 0xaf, 0x62)),
  refused("overlong: two dots in two bytes each", bytes(0xc0, 0xae, 0xc0, 0xae)),
  refused("overlong: slash in three bytes", bytes(0x61, 0xe0, 0x80, 0xaf)),
  refused("overlong: NUL in two bytes", bytes(0x61, 0xc0, 0x80)),
  refused("a byte that begins nothing", bytes(0x61, 0xff)),
  refused("half a character", bytes(0x61, 0xe2, 0x82)),
  refused("Latin-1", bytes(0x63, 0x61, 0x66, 0xe9)),
  refused("UTF-16", bytes(0xff, 0xfe, 0x2e, 0x00, 0x2e, 0x00)),
  refused("a lone high surrogate", bytes(0xed, 0xa0, 0x80)),
  refused("a lone low surrogate", bytes(0xed, 0xb0, 0x80)),
  refused("a pair of surrogates, each by itself", bytes(0xed, 0xa0, 0xbd, 0xed, 0xb8, 0x80)),
  refused("beyond Unicode", bytes(0xf4, 0x90, 0x80, 0x80)),
  // What would drive a terminal
  refused("a line feed", "good\nrm -rf ~"),
  refused("a carriage return", "good\rfake"),
  refused("both", "good\r\nfake"),
  refused("a tab", "a\tb"),
  refused("a bell", "a\u0007"),
  refused("backspaces", "evil\b\b\b\bgood"),
  refused("CSI: wipe the screen", "\u001b[2J\u001b[H"),
  refused("CSI: a colour", "\u001b[31mred"),
  refused("CSI in one byte of C1", "\u009b2J"),
  refused("OSC 0: the title", "\u001b]0;owned\u0007"),
  refused("OSC 8: a link", "\u001b]8;;http://evil/\u001b\\click\u001b]8;;\u001b\\"),
  refused("OSC 52: the clipboard", "\u001b]52;c;cm0gLXJmIH4=\u0007"),
  refused("OSC in one byte of C1", "\u009d52;c;AAAA\u009c"),
  refused("DCS", "\u001bP$q\u001b\\"),
  refused("DEL", "a\u007f"),
  refused("next line", "a\u0085b"),
  // Get's own
  refused("what get names its unfinished files", "good.txt.dfs-part"),
  refused("the same in capitals", "good.txt.DFS-PART"),
  refused("the same with a sign that cannot be seen", "good.txt.dfs-\u200dpart"),
  // What may deceive a person, and nothing else here
  written("bidi: the ending turned round", "exe.\u202egpj.txt"),
  written("bidi: isolates", "a\u2066b\u2069c"),
  written("a zero-width space", "go\u200bod"),
  written("a byte order mark", "\ufeffgood"),
  written("the line separator", "a\u2028b"),
  written("the division slash", "..\u2215outside\u2215victim"),
  written("the fraction slash", "..\u2044outside"),
  written("the full-width slash", "..\uff0foutside"),
  written("the full-width backslash", "..\uff3coutside"),
  written("one-dot leaders", "\u2024\u2024"),
  written("small full stops", "\ufe52\ufe52"),
  written("full-width full stops", "\uff0e\uff0e"),
  written("the two-dot leader", "\u2025"),
  written("the name of a good file in Cyrillic", "g\u043e\u043ed.txt"),
  written("the name of a good file decomposed", "cafe\u0301.txt"),
  written("the name of a good file composed", "caf\u00e9.txt"),
  written("in capitals", "GOOD.TXT"),
  written("three dots", "..."),
  written("an option", "-rf"),
  written("a home folder", "~"),
  written("a variable", "$HOME"),
  written("a command", "$(reboot)"),
  written("a blank", " "),
  written("255 bytes", "n".repeat(255)),
  written("255 bytes of two each", `${"é".repeat(127)}n`),
  written("the ending of other programs' unfinished files", "good.txt.part"),
  written("the same twice", "good.txt.part.part"),
  // What means something to Windows
  written("a backslash", "a\\b"),
  written("a path that leads up", "..\\..\\outside\\victim"),
  written("a drive", "C:"),
  written("a path on a drive", "C:\\Windows\\win.ini"),
  written("a share", "\\\\server\\share"),
  written("a path that is taken as it is", "\\\\?\\C:\\x"),
  written("a stream of a file", "good.txt:stream"),
  written("the stream that is the file", "good.txt::$DATA"),
  written("CON", "CON"),
  written("nul", "nul"),
  written("PRN with an ending", "prn.txt"),
  written("aux with two endings", "aux.tar.gz"),
  written("AUX with a blank", "AUX .txt"),
  written("COM1", "COM1"),
  written("LPT9", "lpt9"),
  written("LPT¹", "LPT\u00b9"),
  written("COM0", "COM0"),
  written("the console's input", "CONIN$"),
  written("a dot behind", "good.txt."),
  written("a blank behind", "good.txt "),
  written("two dots and a blank", ".. "),
  written("wildcards", "*.?"),
  written("a pipe", "a|b"),
  written("quotes", 'a"b'),
  written("redirections", "a<b>c"),
];

/** Of those that Linux writes, what has no meaning of its own on Windows. */
export const writtenOnWindowsToo = (name: string): boolean =>
  !/[<>:"|?*\\]|[. ]$|^(con|nul|prn|aux|com\d|lpt[\d¹]|conin\$)( *\.|$)/iu.test(name);
