/** What does this window know of the open conversation? Its durable messages in gapless order, and the answers still arriving. */

const DRAFT_LIFE = 45_000;

export class ConversationLog {
  /** The newest message that is in order; what comes next is lastSeq + 1. */
  lastSeq;
  drafts = new Map();
  #early = new Map();
  #done = new Set();

  /** The window may begin in the middle of a conversation: lastSeq is what lies before its first message. */
  constructor(lastSeq) {
    this.lastSeq = lastSeq;
  }

  /**
   * Take one message.created. Returns the messages that became readable by it, in order: none for a repeated one, several when it
   * closes a hole. A message that is early waits until the hole before it is filled (see hasHole).
   */
  receive({ seq, message }) {
    if (seq <= this.lastSeq) return [];
    this.#early.set(seq, message);
    const readable = [];
    for (let next; (next = this.#early.get(this.lastSeq + 1)); ) {
      this.lastSeq += 1;
      this.#early.delete(this.lastSeq);
      this.drafts.delete(next.id);
      this.#done.add(next.id);
      readable.push(next);
    }
    return readable;
  }

  get hasHole() {
    return this.#early.size > 0;
  }

  setAnswerState({ answer_id: id, attempt, state }, now) {
    const draft = this.drafts.get(id);
    if (this.#done.has(id) || attempt < draft?.attempt) return;
    if (state === "stopped") this.drafts.delete(id);
    else if (!draft || attempt > draft.attempt) this.#begin(id, attempt, now);
    else draft.touchedAt = now;
  }

  /** Append streamed text. Offsets count code points; after a piece that does not fit, only the message itself can be shown. */
  addDelta({ answer_id: id, attempt, offset, text }, now) {
    if (this.#done.has(id)) return;
    let draft = this.drafts.get(id);
    if (attempt < draft?.attempt) return;
    if (!draft || attempt > draft.attempt || offset === 0) draft = this.#begin(id, attempt, now);
    draft.touchedAt = now;
    if (offset !== draft.points.length) draft.broken = true;
    if (!draft.broken) draft.points.push(...text);
  }

  #begin(id, attempt, now) {
    const draft = { id, attempt, points: [], broken: false, touchedAt: now };
    this.drafts.set(id, draft);
    return draft;
  }

  /** Forget answers nobody works on any more; true if there were any. */
  dropStaleDrafts(now) {
    let dropped = false;
    for (const draft of this.drafts.values()) {
      if (now - draft.touchedAt > DRAFT_LIFE) dropped = this.drafts.delete(draft.id);
    }
    return dropped;
  }
}
