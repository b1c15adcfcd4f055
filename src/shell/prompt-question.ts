/** A question in place of the line: answered by Enter, given up by Ctrl-C. Its line knows no history, and none knows it. */
import { DfsError } from "../core/errors.ts";
import type { Question } from "./command.ts";
import { layoutInput } from "./input-layout.ts";
import type { InputLayout } from "./input-layout.ts";
import { emptyLine, pressAnswer } from "./line-editor.ts";
import type { Key, LineState } from "./line-editor.ts";

/** What a key made of a question: it goes on, or it was answered or given up, and reads so from now on. */
type QuestionStep = "open" | "clear-screen" | { readonly kept: string };

export class OpenQuestion {
  readonly answered: Promise<string>;
  readonly #question: Question;
  #line: LineState = emptyLine();
  #answer: (line: string) => void = () => undefined;
  #giveUp: (error: DfsError) => void = () => undefined;

  constructor(question: Question) {
    this.#question = question;
    this.answered = new Promise((resolve, reject) => {
      this.#answer = resolve;
      this.#giveUp = reject;
    });
  }

  /** Takes a key. `answered` ends with the answer, an empty one for Ctrl-D; with `interrupted` for Ctrl-C. */
  press(key: Key): QuestionStep {
    const { state, effect } = pressAnswer(this.#line, key);
    this.#line = state;
    if (effect === "clear-screen") return effect;
    if (effect === "cancel") this.#giveUp(new DfsError("interrupted", "interrupted"));
    else if (effect === "submit" || effect === "leave") this.#answer(effect === "submit" ? state.text : "");
    else return "open";
    return { kept: this.#question.isSecret ? "" : state.text };
  }

  get prompt(): string {
    return this.#question.text;
  }

  area(columns: number, rowsMax: number): InputLayout {
    const { text, cursor } = this.#question.isSecret ? emptyLine() : this.#line;
    const prompt = [{ text: this.prompt, style: "user" as const }];
    return layoutInput({ prompt, text, cursor, suggestion: "" }, columns, rowsMax);
  }
}
